export { qualityMetrics } from "./metrics.ts";
export { quality, qualityOn, type Source } from "./service.ts";
