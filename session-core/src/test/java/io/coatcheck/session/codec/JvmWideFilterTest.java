package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.codec.shop.Shop;
import java.io.ObjectInputFilter;
import java.io.ObjectInputFilter.Status;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("a filter of the whole JVM applies as well as the allow-list")
class JvmWideFilterTest {

  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.shop.**").build();

  @BeforeAll
  static void veto() {
    if (ObjectInputFilter.Config.getSerialFilter() == null) {
      ObjectInputFilter.Config.setSerialFilter(
          info -> info.serialClass() == Shop.Vetoed.class ? Status.REJECTED : Status.UNDECIDED);
    }
  }

  @Test
  void decode_ofWhatItRejects_isRefused() {
    assertRefused(Streams.ofAnything(new Shop.Vetoed()), "jdk.serialFilter");
  }

  @Test
  void encode_ofWhatItRejects_isRefused() {
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> codec.encode(List.of(new Shop.Vetoed())))
        .withMessageContaining("Shop$Vetoed is refused by the filter of this JVM");
  }

  private void assertRefused(byte[] bytes, String message) {
    Streams.assertRefused(codec, bytes, message);
  }
}
