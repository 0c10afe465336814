/** What a store needs of Redis, whichever client it comes by. */
export interface Redis {
  /** Runs a script on one key, at the primary. */
  run(script: string, key: string, args: string[]): Promise<unknown>;
  /** How the client is doing, for an error: a command has no answer. */
  state(): string;
  /** A connection of its own, on which messages are heard. Missing: this client can't have one. */
  connect?(on: Heard): Promise<Connection>;
}

export interface Heard {
  message(channel: string): void;
  /** It is gone; called once or more. */
  lost(): void;
}

/** Keeps no process alive. */
export interface Connection {
  subscribe(channels: string[]): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  end(): void;
}
