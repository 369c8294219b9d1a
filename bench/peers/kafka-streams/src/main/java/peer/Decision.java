package peer;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/**
 * What was decided on a payment: the topic that it goes to, and the text with the member "decision" that Weir adds. Of a
 * reason it has the rule and its score; the values that the rule saw and the payments that it rests on are left out.
 */
record Decision(String topic, byte[] text) {
  private static final String RULESET = System.getenv().getOrDefault("JOB", "split") + "@1#00000000";

  /** {@code text} ends with its brace from {@code from} on; {@code hits} as Rules has them. */
  static Decision of(int hits, byte[] text, int from, String id, long offset, long timeMs) {
    double score = 0;
    for (int rule = 0; rule < Rules.NAMES.length; rule++)
      if ((hits & 1 << rule) != 0) score = Math.max(score, Rules.SCORES[rule]);
    String outcome = score >= 0.9 ? "decline" : score >= 0.6 ? "review" : "approve";
    StringBuilder member = new StringBuilder(192);
    member.append(",\"decision\":{\"id\":\"").append(id);
    member.append("\",\"outcome\":\"").append(outcome).append("\",\"score\":").append(score);
    member.append(",\"eventTime\":").append(timeMs).append(",\"order\":").append(offset);
    member.append(",\"ruleset\":\"").append(RULESET).append("\",\"reasons\":[");
    String comma = "";
    for (int rule = 0; rule < Rules.NAMES.length; rule++) {
      if ((hits & 1 << rule) == 0) continue;
      member.append(comma).append("{\"rule\":\"").append(Rules.NAMES[rule]);
      member.append("\",\"score\":").append(Rules.SCORES[rule]).append('}');
      comma = ",";
    }
    byte[] added = member.append("]}}").toString().getBytes(StandardCharsets.ISO_8859_1);
    int kept = text.length - from - 1;
    byte[] decided = new byte[kept + added.length];
    System.arraycopy(text, from, decided, 0, kept);
    System.arraycopy(added, 0, decided, kept, added.length);
    return new Decision(hits == 0 ? "legit" : "fraud", decided);
  }

  static String idOf(RecordMetadata place) {
    return place.topic() + '/' + place.partition() + '/' + place.offset();
  }
}
