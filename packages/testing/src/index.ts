export { brokerAnswers } from "./broker-answers.ts";
export { dockerAbsence, startDockerKafka } from "./docker-kafka.ts";
export { KAFKA_VERSION } from "./java-kafka/jars.ts";
export { type JavaKafka, type JavaKafkaOptions, startJavaKafka } from "./java-kafka/start.ts";
export { LocalKafkaError } from "./local-kafka-error.ts";
export { repositoryRoot, weirFolder } from "./paths.ts";
export { freePort, portIsFree } from "./ports.ts";
export { alive, signal, until } from "./processes.ts";
export { type LocalKafka, startKafka } from "./start-kafka.ts";
