package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.shop.Shop;
import java.io.Serial;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  @Test
  void isImmutable_ofDeclaredClasses_butNotOfTheirSubclasses() {
    AttributeCodec declared =
        JavaSerializationCodec.builder()
            .immutable(Shop.Wish.class)
            .immutable(Shop.Box.class)
            .immutable(Counted.class)
            .build();

    assertThat(declared.isImmutable(new Shop.Wish("a", Set.of()))).isTrue();
    assertThat(declared.isImmutable(new Shop.Box("a"))).isTrue();
    assertThat(declared.isImmutable(new Counted("a"))).isTrue();
    assertThat(declared.isImmutable("a")).isTrue();
    assertThat(declared.isImmutable(new Shop.LargeBox("a"))).isFalse();
    assertThat(declared.isImmutable(new BitSet())).isFalse();
  }

  @Test
  void immutable_laterCallOfTheBuilder_doesNotChangeACodec() {
    JavaSerializationCodec.Builder builder = JavaSerializationCodec.builder();
    AttributeCodec before = builder.build();
    builder.immutable(Shop.Box.class);

    assertThat(before.isImmutable(new Shop.Box("a"))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        Runnable.class,
        Shop.Box[].class,
        int.class,
        Number.class,
        Stamped.class,
        String.class,
        ArrayList.class,
        Timestamp.class
      })
  void immutable_classThatCannotBe_isRefusedByName(Class<?> type) {
    assertThatThrownBy(() -> JavaSerializationCodec.builder().immutable(type))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("immutable takes ")
        .hasMessageEndingWith(": " + type.getName());
  }

  @Test
  void immutable_fieldThatCanBeAssigned_isNamed() {
    assertRefused(Renamed.class, Renamed.class.getName() + ".name");
    assertThat(new Nickname().rename("a")).isInstanceOf(Nickname.class);
    assertRefused(Nickname.class, Renamed.class.getName() + ".name");
    assertRefused(Shop.Basket.class, "java.util.ArrayList.size");
  }

  private static void assertRefused(Class<?> type, String field) {
    assertThatThrownBy(() -> JavaSerializationCodec.builder().immutable(type))
        .hasMessage(
            "immutable takes classes whose fields are final, and "
                + field
                + " is not: "
                + type.getName());
  }

  /** Static and transient fields are not part of what is stored. */
  private static final class Counted implements Serializable {
    @Serial private static final long serialVersionUID = 1L;
    private static int count;
    private final String name;
    private transient int hash;

    Counted(String name) {
      this.name = name;
      count++;
    }

    @Override
    public int hashCode() {
      if (hash == 0) {
        hash = name.hashCode() + count;
      }
      return hash;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Counted that && name.equals(that.name);
    }
  }

  private abstract static class Stamped {}

  private static class Renamed {
    private String name = "";

    Renamed rename(String newName) {
      name = name + newName;
      return this;
    }
  }

  private static final class Nickname extends Renamed {}

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
