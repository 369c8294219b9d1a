import java.io.*;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads whole topics as Kafka's own consumer sees them with read_committed, and what groups have committed. Prints
 * lines of columns separated by tabs; bytes in base64, "-" for null:
 *
 *   topic, name, number of partitions
 *   offset, group, topic, partition, offset, metadata
 *   record, topic, partition, offset, timestamp, key, value, headers
 *
 * It first waits until the last stable offset of every partition equals its high watermark, so that no open
 * transaction hides records. Arguments: bootstrap servers, patience in seconds, groups separated by commas ("" for
 * none), topics. Exit 1 when for so long transactions stay open or nothing comes.
 */
class LogDump {
  public static void main(String[] args) throws Exception {
    long patienceNanos = Duration.ofSeconds(Long.parseLong(args[1])).toNanos();
    long endNanos = System.nanoTime() + patienceNanos;
    List<String> topics = List.of(args).subList(3, args.length);
    try (var stable = open(args[0], "read_committed"); var all = open(args[0], "read_uncommitted")) {
      List<TopicPartition> partitions = new ArrayList<>();
      var out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 20);
      for (String topic : topics) {
        List<PartitionInfo> infos = stable.partitionsFor(topic);
        if (infos.isEmpty()) fail(topic + " is missing");
        for (PartitionInfo info : infos) partitions.add(new TopicPartition(topic, info.partition()));
        print(out, "topic", topic, "" + infos.size());
      }
      Map<TopicPartition, Long> ends = stable.endOffsets(partitions);
      while (!ends.equals(all.endOffsets(partitions))) {
        if (System.nanoTime() > endNanos) fail("transactions are still open: " + ends + " of " + all.endOffsets(partitions));
        Thread.sleep(200);
        ends = stable.endOffsets(partitions);
      }
      stable.assign(partitions);
      stable.seekToBeginning(partitions);
      printOffsets(out, args[0], args[2]);
      while (!atEnd(stable, ends)) {
        var records = stable.poll(Duration.ofMillis(200));
        for (var record : records) print(out, columns(record));
        if (!records.isEmpty()) endNanos = System.nanoTime() + patienceNanos;
        else if (System.nanoTime() > endNanos) fail("nothing came for " + args[1] + " s, and the end is not reached");
      }
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

  private static void printOffsets(OutputStream out, String brokers, String groups) throws Exception {
    if (groups.isEmpty()) return;
    try (var admin = Admin.create(Map.<String, Object>of("bootstrap.servers", brokers))) {
      for (String group : groups.split(","))
        for (var entry : admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().entrySet())
          if (entry.getValue() != null)
            print(out, "offset", group, entry.getKey().topic(), "" + entry.getKey().partition(),
                "" + entry.getValue().offset(), text(entry.getValue().metadata().getBytes(StandardCharsets.UTF_8)));
    }
  }

  private static String[] columns(ConsumerRecord<byte[], byte[]> record) {
    StringJoiner headers = new StringJoiner(",");
    for (Header header : record.headers())
      headers.add(text(header.key().getBytes(StandardCharsets.UTF_8)) + ":" + text(header.value()));
    return new String[] {"record", record.topic(), "" + record.partition(), "" + record.offset(),
        "" + record.timestamp(), text(record.key()), text(record.value()), headers.toString()};
  }

  private static void print(OutputStream out, String... columns) throws IOException {
    out.write((String.join("\t", columns) + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  private static String text(byte[] bytes) {
    return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
  }

  private static void fail(String why) {
    System.err.println(why);
    System.exit(1);
  }
}
