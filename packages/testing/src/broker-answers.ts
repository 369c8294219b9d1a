import { connect } from "node:net";

const METADATA = 3;

/**
 * Whether a Kafka broker at this address answers a Metadata request and counts itself among the live brokers:
 * from then on topics can be made. Written out by hand because only packages/kafka may import a Kafka client.
 */
export function brokerAnswers(host: string, port: number, timeoutMs = 1_000): Promise<boolean> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect({ host, port, timeout: timeoutMs });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => socket.write(metadataRequest()));
    socket.once("timeout", () => done(false));
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      // size int32, correlation id int32, number of live brokers int32
      if (received.length >= 12) done(received.readInt32BE(8) > 0);
    });
  });
}

/** Metadata, version 1, of no topics: size, api key, version, correlation id, client id (null), empty array. */
function metadataRequest(): Buffer {
  const request = Buffer.alloc(18);
  request.writeInt32BE(14, 0);
  request.writeInt16BE(METADATA, 4);
  request.writeInt16BE(1, 6);
  request.writeInt32BE(1, 8);
  request.writeInt16BE(-1, 12);
  request.writeInt32BE(0, 14);
  return request;
}
