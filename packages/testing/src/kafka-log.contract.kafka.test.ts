import { inject } from "vitest";
import { kafkaLogFixture } from "./kafka-log-fixture.ts";
import { logContract } from "./log-contract.ts";

logContract("Kafka", () => kafkaLogFixture(inject("kafkaBrokers")));
