import { unlink } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { isThere, listen, socketPath } from './socket.js';

/** Why others must be able to tell that this process lives. */
export interface Reason {
  /** It wants the lock, or has it: calls are kept until it is free. Else: a mark of its own is in the register. */
  readonly isLock: boolean;
}

interface Listening {
  readonly name: string;
  readonly server: Server;
}

/**
 * How others tell that this process lives, and has the lock: a socket, for as long as there is a reason. The kernel closes
 * it when the process ends, however it ends, and not while it stands still.
 */
export class Life {
  readonly #folder: string;
  readonly #reasons = new Set<Reason>();
  readonly #calls = new Set<Socket>();
  #listening: Promise<Listening> | undefined;
  #name: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns the socket's name, until the reason ends */
  async begin(reason: Reason): Promise<string> {
    this.#reasons.add(reason);
    // Somebody has removed the folder, and the socket with it.
    if (this.#name && !isThere(socketPath(this.#folder, this.#name))) this.#stop();
    this.#listening ??= listen(this.#folder, (call) => this.#take(call));
    const listening = this.#listening;
    try {
      this.#name = (await listening).name;
      return this.#name;
    } catch (error) {
      if (this.#listening === listening) this.#listening = undefined;
      this.end(reason);
      throw error;
    }
  }

  end(reason: Reason): void {
    this.#reasons.delete(reason);
    // Those that wait for the lock hear of it by this.
    if (!this.#wantsLock()) for (const call of this.#calls) call.destroy();
    if (this.#reasons.size === 0) this.#stop();
  }

  #stop(): void {
    this.#listening?.then((listening) => this.#close(listening)).catch(() => {});
    this.#listening = undefined;
    this.#name = undefined;
  }

  async #close({ server, name }: Listening): Promise<void> {
    server.close();
    await unlink(socketPath(this.#folder, name));
  }

  #wantsLock(): boolean {
    return [...this.#reasons].some(({ isLock }) => isLock);
  }

  #take(call: Socket): void {
    call
      .unref()
      .resume()
      .on('error', () => {});
    if (!this.#wantsLock()) return void call.destroy();
    this.#calls.add(call);
    call.on('close', () => this.#calls.delete(call));
  }
}
