package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.test.util.ReflectionTestUtils;

@DisplayName("A known security context is found by its whole encoding, and not kept without bounds")
class KnownEncodingsTest {

  private static final List<GrantedAuthority> ROLES =
      AuthorityUtils.createAuthorityList("ROLE_USER", "ROLE_EDITOR");

  private final AtomicLong nanos = new AtomicLong();
  private final CountingCodec counting = new CountingCodec(limits -> {});
  private final KnownContexts codec = new KnownContexts(counting, nanos::get);

  @Test
  void decode_otherEncodingWithTheSameChecksum_isTheOtherUser() {
    List<byte[]> pair = withTheSameChecksum();
    SecurityContext first = (SecurityContext) counting.codec.decode(pair.get(0));
    SecurityContext second = (SecurityContext) counting.codec.decode(pair.get(1));
    assertThat(first).isNotEqualTo(second);
    codec.decode(pair.get(0));

    assertThat(codec.decode(pair.get(1))).isEqualTo(second);
    assertThat(codec.decode(pair.get(0))).isEqualTo(first);
    assertThat(codec.encodeAgain(second, pair.get(0))).isEqualTo(pair.get(1));
  }

  @Test
  void decode_bytesOverwrittenWithTheSameChecksum_isTheOtherUser() {
    List<byte[]> pair = withTheSameChecksum();
    byte[] buffer = pair.get(0).clone();
    codec.decode(buffer);
    System.arraycopy(pair.get(1), 0, buffer, 0, buffer.length);

    assertThat(codec.decode(buffer)).isEqualTo(counting.codec.decode(pair.get(1)));
  }

  @Test
  void decode_moreThan16MiB_areNotAllKept() {
    List<byte[]> encodings = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      encodings.add(codec.encode(contextOf(String.format("%014000d", i))));
    }
    encodings.forEach(codec::decode);
    long kept = 0;
    for (byte[] encoding : encodings) {
      int before = counting.encodedAgain;
      codec.encodeAgain(counting.codec.decode(encoding), encoding);
      kept += counting.encodedAgain == before ? encoding.length : 0;
    }

    assertThat(kept).isBetween(1024L * 1024, 16L * 1024 * 1024);
  }

  @Test
  void decode_moreThan16KiB_isDeserializedEachTime() {
    int others = codec.encode(contextOf("")).length;
    assertThat(deserializedOfTwo("a".repeat(16 * 1024 - others))).isEqualTo(1);
    assertThat(deserializedOfTwo("a".repeat(16 * 1024 - others + 1))).isEqualTo(2);
  }

  private int deserializedOfTwo(String name) {
    byte[] bytes = codec.encode(contextOf(name));
    int before = counting.decoded;
    codec.decode(bytes);
    codec.decode(bytes);
    return counting.decoded - before;
  }

  @Test
  void decode_unusedForFiveMinutes_isDeserializedAgain() {
    byte[] bytes = codec.encode(contextOf("alice"));
    codec.decode(bytes);
    nanos.addAndGet(Duration.ofMinutes(4).toNanos());
    codec.decode(bytes);
    nanos.addAndGet(Duration.ofMinutes(4).toNanos());
    codec.decode(bytes);
    assertThat(counting.decoded).isEqualTo(1);

    nanos.addAndGet(Duration.ofMinutes(5).toNanos());
    codec.decode(bytes);
    assertThat(counting.decoded).isEqualTo(2);
  }

  @Test
  void encodeAgain_plantedAuthorityWithoutName_isTheNewEncoding() {
    SimpleGrantedAuthority nameless = new SimpleGrantedAuthority("ROLE_USER");
    ReflectionTestUtils.setField(nameless, "role", null);
    byte[] bytes = counting.codec.encode(contextOf("alice", List.of(nameless)));
    codec.decode(bytes);
    SecurityContext own = (SecurityContext) codec.decode(bytes);
    own.setAuthentication(contextOf("alice", ROLES.subList(0, 1)).getAuthentication());

    assertThat(codec.encodeAgain(own, bytes)).isEqualTo(counting.codec.encode(own));
  }

  /** What is built anew of its parts takes more bytes than what was planted. */
  @Test
  void decode_plantedContextThatIsTooLargeIfBuiltAnew_isAsWithoutThisCodec() {
    User user = new User("alice", "", ROLES);
    ReflectionTestUtils.setField(user, "authorities", Collections.emptySet());
    byte[] bytes = counting.codec.encode(contextOf(user, ROLES));
    KnownContexts strict =
        new KnownContexts(new CountingCodec(limits -> limits.maxBytes(bytes.length)), nanos::get);

    SecurityContext decoded = (SecurityContext) strict.decode(bytes);
    assertThat(decoded.getAuthentication().getName()).isEqualTo("alice");
    assertThat(strict.encodeAgain(decoded, bytes)).isSameAs(bytes);
  }

  /** Returns encodings of two users for which the cache has one hash. */
  private List<byte[]> withTheSameChecksum() {
    String name = "%016x".formatted(0);
    byte[] encoding = codec.encode(contextOf(name));
    int at = new String(encoding, StandardCharsets.ISO_8859_1).indexOf(name);
    Map<Long, byte[]> seen = new HashMap<>();
    for (long i = 1; i < 2_000_000; i++) {
      byte[] user = "%016x".formatted(i * 0x9E3779B97F4A7C15L).getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(user, 0, encoding, at, user.length);
      CRC32C checksum = new CRC32C();
      checksum.update(encoding);
      byte[] other = seen.putIfAbsent(checksum.getValue(), user);
      if (other != null) {
        byte[] first = encoding.clone();
        System.arraycopy(other, 0, first, at, other.length);
        return List.of(first, encoding);
      }
    }
    throw new AssertionError("no two users have the same checksum");
  }

  private static SecurityContext contextOf(Object principal) {
    return contextOf(principal, ROLES);
  }

  private static SecurityContext contextOf(
      Object principal, List<? extends GrantedAuthority> authorities) {
    return new SecurityContextImpl(
        UsernamePasswordAuthenticationToken.authenticated(principal, null, authorities));
  }
}
