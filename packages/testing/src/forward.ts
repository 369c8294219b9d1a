import type { Log } from "@weir/stream";

/** The log's functions on their own, for a wrapper to replace some. */
export function forward(log: Log): Log {
  return {
    join: (request) => log.join(request),
    openWriter: (id, group) => log.openWriter(id, group),
    outputs: () => log.outputs(),
    committed: (group, input) => log.committed(group, input),
    bounds: (input) => log.bounds(input),
    read: (input, from, to) => log.read(input, from, to),
    partitions: (topic) => log.partitions(topic),
    topicId: (topic) => log.topicId(topic),
    close: () => log.close(),
  };
}
