package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.shop.Shop;
import java.io.Serial;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ImmutableTypesTest {

  private final AttributeCodec codec = JavaSerializationCodec.builder().build();

  @Test
  void isImmutable_ofValuesThatCannotChange() {
    for (Object value :
        List.of(
            "a",
            1,
            true,
            Instant.EPOCH,
            Locale.ROOT,
            BigDecimal.ONE,
            BigInteger.ONE,
            Shop.Colour.RED,
            Shop.Colour.GREEN,
            new Shop.Money("EUR", 1),
            new Shop.Owner("a", new Shop.Money("EUR", 1), Shop.Colour.RED, 1),
            new Shop.Left(new Shop.Right(null, "a")))) {
      assertThat(codec.isImmutable(value)).as(value.toString()).isTrue();
    }
  }

  @Test
  void isImmutable_notOfValuesThatCouldChange() {
    for (Object value :
        List.of(
            new BitSet(),
            new ArrayList<>(),
            List.of(new BitSet()),
            new byte[0],
            new Changing(),
            new Shop.Box(1),
            new Shop.Wish("a", Set.of()),
            new Shop.Wrong(null, List.of(1)),
            new Shop.Loose(1))) {
      assertThat(codec.isImmutable(value)).as(value.getClass().getName()).isFalse();
    }
  }

  /** A subclass of an immutable class that is not final. */
  private static final class Changing extends BigDecimal {
    @Serial private static final long serialVersionUID = 1L;
    private int state;

    Changing() {
      super(1);
      state++;
    }

    @Override
    public int scale() {
      return state;
    }
  }
}
