package peer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Read as a stream of tokens: Jackson's fastest way. */
record Payment(String source, String target, int amountMinor) {
  private static final JsonFactory JSON = new JsonFactory();

  static Payment of(byte[] text) {
    return of(text, 0, text.length);
  }

  static Payment of(byte[] text, int from, int length) {
    String source = null;
    String target = null;
    double amount = 0;
    try (JsonParser parser = JSON.createParser(text, from, length)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "source" -> source = parser.getText();
          case "target" -> target = parser.getText();
          case "amount" -> amount = parser.getDoubleValue();
          default -> parser.skipChildren();
        }
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return new Payment(source, target, (int) Math.round(amount * 100));
  }

  /** As a history keeps it. */
  static long identityOf(String name) {
    long hash = 0xcbf29ce484222325L;
    for (byte one : name.getBytes(StandardCharsets.UTF_8)) hash = (hash ^ one) * 0x100000001b3L;
    return hash;
  }
}
