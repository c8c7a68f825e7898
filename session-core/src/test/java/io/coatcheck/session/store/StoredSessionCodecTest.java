package io.coatcheck.session.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A stored session as bytes")
class StoredSessionCodecTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SessionId ID = SessionId.of(1, 2);

  private static byte[] hash(int fill) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) fill);
    return bytes;
  }

  /** Returns every combination of the parts that may be absent. */
  static IntStream combinations() {
    return IntStream.range(0, 1 << 8);
  }

  private static StoredSession session(int parts) {
    StoredSessionBuilder session =
        StoredSession.builder(ID)
            .secretHash(SecretHash.of(hash(1)))
            .createdAt(NOW)
            .lastSeenAt(NOW.plusSeconds(1))
            .rotatedAt(NOW.plusSeconds(2))
            .absoluteDeadline(NOW.plusSeconds(3_000))
            .generation(6)
            .fence(5)
            .version(7);
    if ((parts & 1) != 0) {
      session.previousSecretHash(SecretHash.of(hash(2)));
      if ((parts & 2) != 0) {
        session.previousReadableUntil(NOW.plusSeconds(4));
      }
    }
    if ((parts & 4) != 0) {
      session.principal("\u00e1lice \uD83D\uDE00").authenticatedAt(NOW.plusSeconds(5));
    }
    if ((parts & 8) != 0) {
      session.idleTimeout(Duration.ofMillis(1));
    }
    session.remembered((parts & 16) != 0);
    if ((parts & 32) != 0) {
      session.clientAddress("");
    }
    if ((parts & 64) != 0) {
      session.userAgent("\u00e9".repeat(StoredSession.MAX_USER_AGENT_LENGTH));
    }
    if ((parts & 128) != 0) {
      session.attribute("name \uD83D", AttributeValue.encoded(new byte[] {1, 2, 3}));
    }
    return session.build();
  }

  private static byte[] complete() {
    return StoredSessionCodec.write(session(255));
  }

  @ParameterizedTest
  @MethodSource("combinations")
  void read_whatWasWritten_isTheSession(int parts) {
    StoredSession session = session(parts);
    assertThat(StoredSessionCodec.read(StoredSessionCodec.write(session))).isEqualTo(session);
  }

  @Test
  void read_farthestValues_isTheSession() {
    StoredSession session =
        session(255).toBuilder()
            .principal("\uD83D\uDE00".repeat(StoredSession.MAX_PRINCIPAL_LENGTH))
            .clientAddress("\u20ac".repeat(StoredSession.MAX_CLIENT_ADDRESS_LENGTH))
            .userAgent("\u20ac".repeat(StoredSession.MAX_USER_AGENT_LENGTH))
            .createdAt(Instant.EPOCH)
            .lastSeenAt(StoredSession.MAX_MOMENT)
            .absoluteDeadline(StoredSession.MAX_MOMENT)
            .idleTimeout(Duration.ofSeconds(Long.MAX_VALUE))
            .generation(Long.MAX_VALUE)
            .fence(Long.MAX_VALUE)
            .version(Long.MAX_VALUE)
            .build();
    assertThat(StoredSessionCodec.read(StoredSessionCodec.write(session))).isEqualTo(session);
  }

  @Test
  void read_mostBytesOfAttributes_isTheSession() {
    int frames = AttributeFrames.write(session(128).attributes()).length;
    byte[] value = new byte[AttributeFrames.MAX_BYTES - frames];
    StoredSession session =
        session(255).toBuilder()
            .attribute("name \uD83D", AttributeValue.encoded(value))
            .principal("\uD83D\uDE00".repeat(StoredSession.MAX_PRINCIPAL_LENGTH))
            .build();
    byte[] bytes = StoredSessionCodec.write(session);
    assertThat(bytes.length).isBetween(AttributeFrames.MAX_BYTES, StoredSessionCodec.MAX_BYTES);
    assertThat(StoredSessionCodec.read(bytes)).isEqualTo(session);
  }

  @Test
  void write_moreAttributesThanTheCap_throws() {
    StoredSession session =
        session(0).toBuilder()
            .attribute("a", AttributeValue.encoded(new byte[AttributeFrames.MAX_BYTES]))
            .build();
    assertThatThrownBy(() -> StoredSessionCodec.write(session))
        .isInstanceOf(AttributeCodecException.class);
  }

  @Test
  void read_versionAndLastSeenGiven_areTheGivenOnes() {
    Instant later = NOW.plusSeconds(60);
    assertThat(StoredSessionCodec.read(complete(), 41, later))
        .isEqualTo(session(255).toBuilder().version(41).lastSeenAt(later).build());
    assertThat(StoredSessionCodec.read(complete(), 0, Instant.EPOCH).lastSeenAt())
        .as("an earlier moment")
        .isEqualTo(Instant.EPOCH);
  }

  @Test
  void read_versionOrLastSeenOutOfRange_isDamaged() {
    assertThatThrownBy(() -> StoredSessionCodec.read(complete(), -1, NOW))
        .isInstanceOf(DamagedSessionException.class)
        .hasMessageContaining("version must not be negative: -1");
    for (Instant moment : new Instant[] {Instant.MIN, Instant.MAX, Instant.ofEpochMilli(-1)}) {
      assertThatThrownBy(() -> StoredSessionCodec.read(complete(), 1, moment))
          .isInstanceOf(DamagedSessionException.class)
          .hasMessageContaining("lastSeenAt must lie between");
    }
  }

  @Test
  @DisplayName("The layout is the documented one")
  void write_theLayout_isTheDocumentedOne() {
    StoredSession session =
        session(255).toBuilder()
            .principal("al")
            .clientAddress("::1")
            .userAgent("ua")
            .attributes(java.util.Map.of())
            .build();
    ByteBuffer expected = ByteBuffer.allocate(179);
    expected.put((byte) 1).putLong(1).putLong(2).put((byte) 127).putLong(7);
    expected.putLong(NOW.plusSeconds(1).toEpochMilli()).putLong(6).putLong(5);
    expected.putLong(NOW.toEpochMilli()).putLong(NOW.plusSeconds(3_000).toEpochMilli());
    expected.putLong(NOW.plusSeconds(2).toEpochMilli()).put(hash(1)).put(hash(2));
    expected.putLong(NOW.plusSeconds(4).toEpochMilli());
    expected.putLong(NOW.plusSeconds(5).toEpochMilli()).putLong(1);
    for (String text : new String[] {"al", "::1", "ua"}) {
      expected.putShort((short) text.length()).put(text.getBytes(StandardCharsets.UTF_8));
    }
    expected.put(AttributeFrames.write(java.util.Map.of()));
    byte[] written = StoredSessionCodec.write(session);
    assertThat(HexFormat.of().formatHex(written))
        .isEqualTo(HexFormat.of().formatHex(expected.array(), 0, expected.position()));
    assertThat(ByteBuffer.wrap(written).getLong(18)).as("version").isEqualTo(7);
    assertThat(ByteBuffer.wrap(written).getLong(26))
        .as("last seen at")
        .isEqualTo(session.lastSeenMillis());
    assertThat(written[74]).as("secret hash").isEqualTo((byte) 1);
    assertThat(written[106]).as("previous secret hash").isEqualTo((byte) 2);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 127, 128, 255})
  void read_newerFormat_namesItAndTheSession(int format) {
    byte[] bytes = complete();
    bytes[0] = (byte) format;
    for (byte[] newer : new byte[][] {bytes, Arrays.copyOf(bytes, 17)}) {
      assertThatThrownBy(() -> StoredSessionCodec.read(newer))
          .isExactlyInstanceOf(SessionStoreException.class)
          .hasMessageContaining(ID.toString())
          .hasMessageContaining("format " + format + ",");
    }
  }

  @Test
  void read_cutOffAnywhere_isDamaged() {
    byte[] bytes = complete();
    for (int length = 0; length < bytes.length; length++) {
      byte[] start = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> StoredSessionCodec.read(start))
          .as("the first %s bytes", length)
          .isInstanceOf(DamagedSessionException.class);
    }
  }

  @Test
  void read_somethingAfterTheEnd_isDamaged() {
    byte[] bytes = complete();
    assertThatThrownBy(() -> StoredSessionCodec.read(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(DamagedSessionException.class)
        .hasMessageContaining(ID.toString());
  }

  @Test
  void read_moreThanTheCap_isDamaged() {
    byte[] bytes = Arrays.copyOf(complete(), StoredSessionCodec.MAX_BYTES + 1);
    assertThatThrownBy(() -> StoredSessionCodec.read(bytes))
        .isInstanceOf(DamagedSessionException.class)
        .hasMessageContaining(String.valueOf(StoredSessionCodec.MAX_BYTES));
  }

  @Test
  @DisplayName("Changed bytes give a session that is written the same, or a clear exception")
  void read_changedBytes_giveASessionOrAClearException() {
    SplittableRandom random = new SplittableRandom(7);
    int readable = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = StoredSessionCodec.write(session(round & 255));
      for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        StoredSession read = StoredSessionCodec.read(bytes);
        assertThat(StoredSessionCodec.write(read)).isEqualTo(bytes);
        readable++;
      } catch (SessionStoreException expected) {
        assertThat(expected).hasMessageStartingWith("s");
      }
    }
    assertThat(readable).as("how many were readable").isBetween(1_000, 19_000);
  }

  @Test
  @DisplayName("I1: a message never holds a hash, a principal or a value")
  void read_damaged_saysNothingOfTheContent() {
    byte[] bytes = complete();
    bytes[bytes.length - 4] ^= 0x40;
    assertThatThrownBy(() -> StoredSessionCodec.read(bytes))
        .isInstanceOf(DamagedSessionException.class)
        .hasMessageContaining(ID.toString())
        .hasMessageNotContaining("lice")
        .hasMessageNotContaining("0101");
  }
}
