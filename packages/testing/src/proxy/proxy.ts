/**
 * A link that can be broken: between clients and one broker, on 127.0.0.1. It passes Kafka's messages on whole, so it
 * can lose a certain one of them.
 */
import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answeredBy, Frames, requestOf } from "./frames.ts";

const END_TRANSACTION = 26;

/** What becomes of the next request that ends a transaction; either way its connection is reset. */
export type Loss = "request" | "reply";

export type TcpProxy = {
  /** Where clients connect. */
  readonly port: number;
  /** Resets all connections; while `ms` pass, new ones are reset as well. */
  cut(ms: number): Promise<void>;
  /** All that comes is passed on so much later, give or take half, in its order, while `ms` pass. */
  delay(byMs: number, ms: number): Promise<void>;
  /**
   * Connections stay open, but nothing comes through, in the directions said, while `ms` pass. Then they are reset: what
   * was sent meanwhile never arrives.
   */
  deafen(direction: "requests" | "replies" | "both", ms: number): Promise<void>;
  /** Resolves when an end of a transaction was lost; false when none came within `withinMs`. */
  lose(what: Loss, withinMs: number): Promise<boolean>;
  close(): Promise<void>;
};

/** `port` 0: any free one. `chance` in [0, 1). */
export async function startProxy(
  target: { readonly host: string; readonly port: number },
  { port = 0, chance = Math.random }: { readonly port?: number; readonly chance?: () => number } = {},
): Promise<TcpProxy> {
  const proxy = new LinkProxy(target, chance);
  await proxy.listen(port);
  return proxy;
}

type Link = { readonly client: Socket; readonly broker: Socket };

class LinkProxy implements TcpProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #chance: () => number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #isCut = false;
  #delayMs = 0;
  #deaf: { readonly requests: boolean; readonly replies: boolean } = { requests: false, replies: false };
  #losing: { readonly what: Loss; readonly done: () => void } | null = null;

  constructor(target: { readonly host: string; readonly port: number }, chance: () => number) {
    this.#target = target;
    this.#chance = chance;
    this.#server = createServer({ noDelay: true }, (client) => this.#link(client));
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host: "127.0.0.1" }, resolve);
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async cut(ms: number): Promise<void> {
    this.#isCut = true;
    this.#resetAll();
    await sleep(ms);
    this.#isCut = false;
  }

  async delay(byMs: number, ms: number): Promise<void> {
    this.#delayMs = byMs;
    await sleep(ms);
    this.#delayMs = 0;
  }

  async deafen(direction: "requests" | "replies" | "both", ms: number): Promise<void> {
    this.#deaf = { requests: direction !== "replies", replies: direction !== "requests" };
    await sleep(ms);
    this.#deaf = { requests: false, replies: false };
    this.#resetAll();
  }

  async lose(what: Loss, withinMs: number): Promise<boolean> {
    const lost = Promise.withResolvers<boolean>();
    this.#losing = { what, done: () => lost.resolve(true) };
    const tooLate = setTimeout(() => lost.resolve(false), withinMs);
    const happened = await lost.promise;
    clearTimeout(tooLate);
    this.#losing = null;
    return happened;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#resetAll();
    await closed;
  }

  #link(client: Socket): void {
    if (this.#isCut) {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    const broker = tcpConnect({ ...this.#target, noDelay: true });
    const link: Link = { client, broker };
    this.#links.add(link);
    for (const socket of [client, broker]) {
      socket.on("error", () => this.#reset(link));
      socket.on("close", () => this.#reset(link));
    }
    /** Of a request that ended a transaction, whose answer is to be lost. */
    let awaited: { readonly correlationId: number; readonly done: () => void } | null = null;
    const toBroker = this.#passer(link, broker, () => this.#deaf.requests);
    const toClient = this.#passer(link, client, () => this.#deaf.replies);
    const requests = new Frames();
    client.on("data", (bytes: Buffer) => {
      for (const frame of requests.push(bytes)) {
        const { apiKey, correlationId } = requestOf(frame);
        const losing = apiKey === END_TRANSACTION ? this.#losing : null;
        if (losing?.what === "request") {
          this.#losing = null;
          this.#reset(link);
          losing.done();
          return;
        }
        if (losing !== null) {
          this.#losing = null;
          awaited = { correlationId, done: losing.done };
        }
        toBroker(frame);
      }
    });
    const replies = new Frames();
    broker.on("data", (bytes: Buffer) => {
      for (const frame of replies.push(bytes)) {
        if (awaited !== null && answeredBy(frame) === awaited.correlationId) {
          this.#reset(link);
          awaited.done();
          return;
        }
        toClient(frame);
      }
    });
  }

  /** Writes to `to`, now or later, in order. */
  #passer(link: Link, to: Socket, isDeaf: () => boolean): (frame: Buffer) => void {
    let last: Promise<void> = Promise.resolve();
    let waiting = 0;
    const write = (frame: Buffer): void => {
      if (this.#links.has(link) && !isDeaf()) to.write(frame);
    };
    return (frame) => {
      if (this.#delayMs === 0 && waiting === 0) {
        write(frame);
        return;
      }
      waiting += 1;
      const due = sleep(this.#delayMs * (0.5 + this.#chance()));
      last = Promise.all([last, due]).then(() => {
        waiting -= 1;
        write(frame);
      });
    };
  }

  #resetAll(): void {
    for (const link of this.#links) this.#reset(link);
  }

  #reset(link: Link): void {
    this.#links.delete(link);
    for (const socket of [link.client, link.broker]) if (!socket.destroyed) socket.resetAndDestroy();
  }
}
