import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads whole topics as Kafka's own consumer sees them with read_committed, and prints one line a record:
 * topic, partition, offset, timestamp, key, value, headers, separated by tabs; bytes in base64, "-" for null.
 *
 * It first waits until the last stable offset of every partition equals its high watermark, so that no open
 * transaction hides records. Arguments: bootstrap servers, deadline in seconds, topics. Exit 1 past the deadline.
 */
class LogDump {
  public static void main(String[] args) throws Exception {
    long endNanos = System.nanoTime() + Duration.ofSeconds(Long.parseLong(args[1])).toNanos();
    List<String> topics = List.of(args).subList(2, args.length);
    try (var stable = open(args[0], "read_committed"); var all = open(args[0], "read_uncommitted")) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic : topics)
        for (PartitionInfo info : stable.partitionsFor(topic)) partitions.add(new TopicPartition(topic, info.partition()));
      Map<TopicPartition, Long> ends = stable.endOffsets(partitions);
      while (!ends.equals(all.endOffsets(partitions))) {
        if (System.nanoTime() > endNanos) fail("transactions are still open: " + ends + " of " + all.endOffsets(partitions));
        Thread.sleep(200);
        ends = stable.endOffsets(partitions);
      }
      stable.assign(partitions);
      stable.seekToBeginning(partitions);
      var out = new java.io.PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, "US-ASCII");
      var buffered = new java.io.BufferedOutputStream(out, 1 << 20);
      while (!atEnd(stable, ends)) {
        if (System.nanoTime() > endNanos) fail("not read to the end in time");
        for (var record : stable.poll(Duration.ofMillis(200))) buffered.write(line(record).getBytes(StandardCharsets.US_ASCII));
      }
      buffered.flush();
      out.flush();
    }
  }

  private static KafkaConsumer<byte[], byte[]> open(String brokers, String isolation) {
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", brokers, "isolation.level", isolation, "enable.auto.commit", false,
        "auto.offset.reset", "earliest", "max.poll.records", 10000, "fetch.max.bytes", 50_000_000);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static boolean atEnd(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
    for (var end : ends.entrySet()) if (consumer.position(end.getKey()) < end.getValue()) return false;
    return true;
  }

  private static String line(ConsumerRecord<byte[], byte[]> record) {
    StringJoiner headers = new StringJoiner(",");
    for (Header header : record.headers())
      headers.add(text(header.key().getBytes(StandardCharsets.UTF_8)) + ":" + text(header.value()));
    return String.join("\t", record.topic(), "" + record.partition(), "" + record.offset(), "" + record.timestamp(),
        text(record.key()), text(record.value()), headers.toString()) + "\n";
  }

  private static String text(byte[] bytes) {
    return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
  }

  private static void fail(String why) {
    System.err.println(why);
    System.exit(1);
  }
}
