import type { ReceivedFile } from '../http/multipart.js';

/** A video, with those of api.video's fields that a client of the API works with. */
export interface Video {
  /** `vi1`, `vi2`, … */
  videoId: string;
  /** As given. Default `''`. */
  title: string;
  /** As given. Default `''`. */
  description: string;
  /** As given. Default `true`. */
  public: boolean;
  /** As given. Default `[]`. */
  tags: unknown[];
  /** As given. Default `[]`. */
  metadata: unknown[];
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601. */
  updatedAt: string;
  /** Where the upload goes, and what came. */
  source: {
    /** Takes the upload. */
    uri: string;
  } & Partial<ReceivedFile>;
}

const EDITABLE = ['title', 'description', 'public', 'tags', 'metadata'] as const;

/** The videos of the one account. Knows no HTTP. */
export class Videos {
  private readonly byId = new Map<string, Video>();
  private created = 0;

  constructor(private readonly now: () => number) {}

  /** Called by `POST /videos` and by delegated uploads. Ids are `vi1`, `vi2`, … */
  create(fields: Record<string, unknown>): Video {
    this.created += 1;
    const videoId = `vi${this.created}`;
    const at = this.timestamp();
    const source = { uri: `/videos/${videoId}/source` };
    const blank = { videoId, title: '', description: '', public: true, tags: [], metadata: [] };
    const video: Video = { ...blank, createdAt: at, updatedAt: at, source };
    this.byId.set(videoId, video);
    return this.edit(video, fields);
  }

  /** Called by `PATCH /videos/:id`: takes over the fields it knows. */
  edit(video: Video, fields: Record<string, unknown>): Video {
    for (const name of EDITABLE) {
      if (fields[name] !== undefined) Object.assign(video, { [name]: fields[name] });
    }
    video.updatedAt = this.timestamp();
    return video;
  }

  /** Called by uploads: notes what was received. */
  receive(video: Video, file: ReceivedFile): Video {
    video.source = { uri: video.source.uri, ...file };
    return this.edit(video, {});
  }

  /** Called by every route of one video. */
  find(videoId: string | undefined): Video | undefined {
    return this.byId.get(videoId ?? '');
  }

  /** Called by `DELETE /videos/:id`. */
  remove(video: Video): void {
    this.byId.delete(video.videoId);
  }

  /** Called by `GET /videos`: all, oldest first. */
  all(): Video[] {
    return [...this.byId.values()];
  }

  private timestamp(): string {
    return new Date(this.now()).toISOString();
  }
}
