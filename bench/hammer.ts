/**
 * A process that means no good to an HTTP server, by raw connections; npm run bench:http starts it.
 *
 *   node bench/hammer.ts slow|large URL CONNECTIONS SECONDS
 *
 * slow: each connection begins a request, sends a header every 100 ms and never comes to its end. large: each connection asks for
 * /metrics with a body of 100 MB, and sends all of it that the server takes. Whichever is closed comes again at once. Prints,
 * as JSON, how many came, were answered, and how many MB were sent.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const DRIP_MS = 100;
const BODY_BYTES = 100_000_000;
const PART = Buffer.alloc(65_536, "x");
/** Before one that was closed comes again. */
const AGAIN_MS = 10;

const [way, url = "", connections = "1", seconds = "1"] = process.argv.slice(2);
if (way !== "slow" && way !== "large") throw new Error(`slow or large, not ${way}`);
const { hostname, port } = new URL(url);
const endMs = performance.now() + Number(seconds) * 1_000;
const counts = { came: 0, answered: 0, megabytes: 0 };

const behave: Record<typeof way, (socket: Socket) => void> = {
  slow(socket) {
    socket.write("GET /metrics HTTP/1.1\r\nhost: a\r\n");
    const drip = setInterval(() => socket.write("x-more: 1\r\n"), DRIP_MS);
    socket.once("close", () => clearInterval(drip));
  },
  large(socket) {
    socket.write(`POST /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`);
    let left = BODY_BYTES;
    const pour = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= PART.length;
        if (!socket.write(PART)) return;
      }
    };
    socket.on("drain", pour);
    pour();
  },
};

async function comeAgain(): Promise<void> {
  while (performance.now() < endMs) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname);
      counts.came += 1;
      const late = setTimeout(() => socket.destroy(), Math.max(0, endMs - performance.now()));
      socket.once("connect", () => behave[way as "slow" | "large"](socket));
      socket.once("data", () => {
        counts.answered += 1;
      });
      socket.resume();
      socket.on("error", () => {});
      socket.once("close", () => {
        clearTimeout(late);
        counts.megabytes += socket.bytesWritten / 1e6;
        resolve();
      });
    });
    await sleep(AGAIN_MS);
  }
}

await Promise.all(Array.from({ length: Number(connections) }, comeAgain));
console.log(JSON.stringify({ ...counts, megabytes: Math.round(counts.megabytes) }));
