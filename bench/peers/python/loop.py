"""The tutorial's detector: one loop, one threshold, no key, offsets committed by themselves."""

import json
import os

from kafka import KafkaConsumer, KafkaProducer

BROKERS = os.environ["KAFKA_BROKER_URL"].split(",")
LEGIT_TOPIC = os.environ["LEGIT_TOPIC"]
FRAUD_TOPIC = os.environ["FRAUD_TOPIC"]


def is_suspicious(transaction: dict) -> bool:
    return transaction["amount"] >= 900


consumer = KafkaConsumer(
    os.environ["TRANSACTIONS_TOPIC"],
    bootstrap_servers=BROKERS,
    group_id=os.environ["APP_ID"],
    auto_offset_reset="earliest",
    value_deserializer=json.loads,
)
producer = KafkaProducer(
    bootstrap_servers=BROKERS,
    value_serializer=lambda value: json.dumps(value).encode(),
)
for message in consumer:
    transaction = message.value
    topic = FRAUD_TOPIC if is_suspicious(transaction) else LEGIT_TOPIC
    producer.send(topic, value=transaction)
