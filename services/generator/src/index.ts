export { type Destination, generator, generatorTo } from "./service.ts";
export type { Sink, SinkRecord } from "./sink.ts";
