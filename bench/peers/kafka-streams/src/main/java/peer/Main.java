package peer;

import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The same jobs as Weir's, with the same guarantee, on Kafka Streams' Processor API. Settings come by environment. */
public final class Main {
  private static final Map<String, String> SETTINGS = System.getenv();

  private Main() {}

  public static void main(String[] args) {
    KafkaStreams streams = new KafkaStreams(topology(setting("JOB", "split")), properties());
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static Topology topology(String job) {
    Topology topology = new Topology().addSource("payments", setting("TRANSACTIONS_TOPIC", null));
    switch (job) {
      case "split" -> decide(topology, Split::new, "payments");
      case "one-window" -> decide(topology, () -> new OneWindow("source"), "payments").addStateStore(store("source"), "decide");
      case "eight-windows" ->
          decide(topology, () -> new EightWindows("source"), "payments").addStateStore(store("source"), "decide");
      case "chain" -> {
        String topic = setting("BY_TARGET_TOPIC", null);
        topology
            .addProcessor("source", () -> new SourceStage("source"), "payments")
            .addStateStore(store("source"), "source")
            .addSink("by-target", topic, "source")
            .addSource("from-source", topic);
        decide(topology, () -> new TargetStage("target"), "from-source").addStateStore(store("target"), "decide");
      }
      default -> throw new IllegalArgumentException("no job " + job);
    }
    return topology;
  }

  private static Topology decide(
      Topology topology, ProcessorSupplier<byte[], byte[], byte[], byte[]> decider, String after) {
    return topology
        .addProcessor("decide", decider, after)
        .addSink("legit", setting("LEGIT_TOPIC", null), "decide")
        .addSink("fraud", setting("FRAUD_TOPIC", null), "decide");
  }

  /** Each with a changelog. A cache in front would save nothing where keys seldom come twice within a commit. */
  private static StoreBuilder<KeyValueStore<byte[], byte[]>> store(String name) {
    boolean onDisk = setting("STORE", "memory").equals("rocksdb");
    var supplier = onDisk ? Stores.persistentKeyValueStore(name) : Stores.inMemoryKeyValueStore(name);
    var builder = Stores.keyValueStoreBuilder(supplier, Serdes.ByteArray(), Serdes.ByteArray());
    return setting("CACHE", "false").equals("true") ? builder.withCachingEnabled() : builder.withCachingDisabled();
  }

  private static Properties properties() {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, setting("APP_ID", null));
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, setting("KAFKA_BROKER_URL", null));
    properties.put(StreamsConfig.STATE_DIR_CONFIG, setting("STATE_DIR", null));
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, setting("THREADS", "1"));
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, setting("COMMIT_INTERVAL_MS", "100"));
    properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), setting("MAX_POLL_RECORDS", "1000"));
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), setting("BATCH_SIZE", "131072"));
    return properties;
  }

  private static String setting(String name, String otherwise) {
    String value = SETTINGS.getOrDefault(name, otherwise);
    if (value == null) throw new IllegalArgumentException(name + " is missing");
    return value;
  }
}
