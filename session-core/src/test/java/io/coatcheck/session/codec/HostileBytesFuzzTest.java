package io.coatcheck.session.codec;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.coatcheck.session.codec.hostile.Gadget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;

/**
 * What a store may hand back, of any bytes. In the build the inputs under {@code
 * src/test/resources} are replayed: what to begin from, and what was ever found. For a longer run
 * see docs/SECURITY.md.
 */
@DisplayName("I12, I14, F61: any bytes from a store")
class HostileBytesFuzzTest {

  private static final String SHOP = "io.coatcheck.session.codec.shop.**";
  private static final AttributeCodec CODEC =
      JavaSerializationCodec.builder().allow(SHOP).maxBytes(64 * 1024).build();
  private static final AllowList ALLOWED = new AllowList(List.of(AllowPattern.parse(SHOP)));

  private static void check(boolean holds, String rule, byte[] bytes) {
    if (!holds) {
      throw new AssertionError(rule + ": " + Arrays.toString(bytes));
    }
  }

  @FuzzTest(maxDuration = "30m", maxExecutions = 10_000_000)
  @DictionaryEntries({"\\x01", "name", "\\x7f", "\\xff\\xff\\xff\\xff\\x07"})
  void frames_areRefusedOrCanonical(byte[] bytes) {
    Map<String, AttributeValue> attributes;
    try {
      attributes = AttributeFrames.read(bytes);
    } catch (AttributeCodecException refused) {
      return;
    }
    check(Arrays.equals(AttributeFrames.write(attributes), bytes), "not canonical", bytes);
  }

  @FuzzTest(maxDuration = "30m", maxExecutions = 10_000_000)
  @DictionaryEntries({
    "io.coatcheck.session.codec.shop.Shop$Money",
    "io.coatcheck.session.codec.hostile.Gadget$Reading",
    "java.util.HashMap",
    "java.util.ArrayList",
    "java.lang.Class",
    "java.net.URL",
    "java.lang.invoke.SerializedLambda"
  })
  void value_isDecodedOrRefused(byte[] bytes) {
    List<String> loaded = new ArrayList<>();
    Gadget.Trace.RAN.clear();
    HostileBytesTest.withContextLoader(
        new HostileBytesTest.SpyLoader(loaded),
        () -> {
          try {
            Object value = CODEC.decode(bytes);
            check(value != null, "null", bytes);
          } catch (AttributeCodecException refused) {
            // As it should be.
          }
        });
    check(Gadget.Trace.RAN.isEmpty(), "ran " + Gadget.Trace.RAN, bytes);
    for (String name : loaded) {
      boolean isOfTheJdk = name.startsWith("java.util.") || name.startsWith("sun.util.");
      check(isOfTheJdk || ALLOWED.allows(name), "loaded " + name, bytes);
    }
  }
}
