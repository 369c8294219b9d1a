/**
 * The collector of another process's heap, by Node's inspector. What a heap has in use goes up and down with it, and how
 * lazy it is depends on how much there is room for; only what is left when it has run is held.
 */
import { wallClock, within } from "@weir/stream";
import { freePort } from "@weir/testing";

const ANSWERS_WITHIN_MS = 30_000;
const OPENS_WITHIN_MS = 10_000;

type Answer = { readonly id?: number; readonly error?: { readonly message: string } };

/** For a process that is to be started with this environment. */
export async function inspected(): Promise<{ readonly port: number; readonly environment: NodeJS.ProcessEnv }> {
  const port = await freePort();
  return { port, environment: { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` } };
}

export class Collector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, error } = JSON.parse(String(data)) as Answer;
      if (id === undefined) return;
      if (error === undefined) this.#waiting.get(id)?.resolve();
      else this.#waiting.get(id)?.reject(new Error(error.message));
      this.#waiting.delete(id);
    });
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the inspector is gone"));
      this.#waiting.clear();
    });
  }

  /** Of a process that has started. Throws when it does not answer. */
  static async at(port: number): Promise<Collector> {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`, { signal: AbortSignal.timeout(OPENS_WITHIN_MS) });
    const [target] = (await answer.json()) as readonly { readonly webSocketDebuggerUrl: string }[];
    const socket = new WebSocket((target as { webSocketDebuggerUrl: string }).webSocketDebuggerUrl);
    const opened = Promise.withResolvers<void>();
    socket.addEventListener("open", () => opened.resolve());
    socket.addEventListener("error", () => opened.reject(new Error(`no inspector at port ${port}`)));
    await opened.promise;
    return new Collector(socket);
  }

  /** Resolves once all that nobody holds is gone. Throws when the process does not answer in time. */
  async collect(): Promise<void> {
    const id = ++this.#asked;
    const answered = Promise.withResolvers<void>();
    this.#waiting.set(id, answered);
    this.#socket.send(JSON.stringify({ id, method: "HeapProfiler.collectGarbage" }));
    await within(wallClock, ANSWERS_WITHIN_MS, "a collection", answered.promise);
  }

  /** A process does not end while somebody inspects it. */
  close(): void {
    this.#socket.close();
  }
}
