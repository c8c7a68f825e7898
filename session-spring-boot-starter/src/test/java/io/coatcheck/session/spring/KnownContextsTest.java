package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.web.authentication.WebAuthenticationDetails;

@DisplayName("A security context is decoded once, and each request has its own")
class KnownContextsTest {

  private static final List<GrantedAuthority> ROLES =
      AuthorityUtils.createAuthorityList("ROLE_USER", "ROLE_EDITOR");

  private final CountingCodec counting = new CountingCodec(KnownContextsTest::allowOwn);
  private final KnownContexts codec = new KnownContexts(counting);

  @ParameterizedTest
  @MethodSource("usual")
  void decode_usualContext_isDeserializedOnce(SecurityContext context) {
    byte[] bytes = codec.encode(context);
    SecurityContext first = (SecurityContext) codec.decode(bytes);
    SecurityContext second = (SecurityContext) codec.decode(bytes.clone());

    assertThat(counting.decoded).isEqualTo(1);
    assertThat(second).isEqualTo(context).isNotSameAs(first);
    assertThat(second.getAuthentication()).isNotSameAs(first.getAuthentication());
    assertThat(codec.encodeAgain(second, bytes)).isSameAs(bytes);
    assertThat(counting.codec.encode(second)).isEqualTo(bytes);
  }

  static Stream<Named<SecurityContext>> usual() {
    User erased = user();
    erased.eraseCredentials();
    User locked = new User("alice", "{noop}ticket", false, false, false, false, ROLES);
    return Stream.of(
        Named.of("a user", contextOf(login(user()))),
        Named.of("without a password", contextOf(login(erased))),
        Named.of("locked", contextOf(login(locked))),
        Named.of("without authorities", contextOf(login(user(), List.of()))),
        Named.of("a name", contextOf(login("alice"))),
        Named.of("an immutable principal", contextOf(login(new Member(7, "alice")))),
        Named.of("with the password", contextOf(withCredentials("ticket"))),
        Named.of("with details", contextOf(withDetails(details()))),
        Named.of("remembered", contextOf(remembered("key"))),
        Named.of("remembered with details", contextOf(withDetails(remembered("key"), details()))));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void encodeAgain_changedInPlace_isTheNewEncoding(Consumer<SecurityContext> change) {
    SecurityContext context = contextOf(withCredentials("ticket"));
    byte[] bytes = codec.encode(context);
    codec.decode(bytes);
    SecurityContext own = (SecurityContext) codec.decode(bytes);
    change.accept(own);

    byte[] now = codec.encodeAgain(own, bytes);
    assertThat(now).isNotEqualTo(bytes).isEqualTo(counting.codec.encode(own));
    assertThat(codec.decode(bytes)).as("for another request").isEqualTo(context);
    assertThat(codec.decode(now)).isEqualTo(own);
  }

  static Stream<Named<Consumer<SecurityContext>>> changes() {
    return Stream.of(
        Named.of("emptied", context -> context.setAuthentication(null)),
        Named.of("another user", context -> context.setAuthentication(login("mallory"))),
        Named.of("no longer authenticated", context -> loginOf(context).setAuthenticated(false)),
        Named.of("other details", context -> loginOf(context).setDetails(details())),
        Named.of("details of a class", context -> loginOf(context).setDetails("a phone")),
        Named.of("credentials erased", context -> loginOf(context).eraseCredentials()),
        Named.of("the password erased", context -> userOf(context).eraseCredentials()),
        Named.of(
            "fewer roles",
            context ->
                context.setAuthentication(
                    login(context.getAuthentication().getPrincipal(), ROLES.subList(0, 1)))));
  }

  @Test
  void decode_declaredUser_isDeserializedOnceAndShared() {
    Clerk clerk = new Clerk("alice");
    clerk.eraseCredentials();
    SecurityContext context = contextOf(login(clerk));
    CountingCodec declaring = new CountingCodec(codec -> allowOwn(codec.immutable(Clerk.class)));
    KnownContexts sharing = new KnownContexts(declaring);
    byte[] bytes = sharing.encode(context);
    SecurityContext first = (SecurityContext) sharing.decode(bytes);
    SecurityContext second = (SecurityContext) sharing.decode(bytes.clone());

    assertThat(declaring.decoded).isEqualTo(1);
    assertThat(second).isEqualTo(context).isNotSameAs(first);
    assertThat(userOf(second)).isSameAs(userOf(first)).isExactlyInstanceOf(Clerk.class);
    assertThat(sharing.encodeAgain(second, bytes)).isSameAs(bytes);

    second.setAuthentication(login(new Clerk("alice"), ROLES.subList(0, 1)));
    byte[] now = sharing.encodeAgain(second, bytes);
    assertThat(now).isEqualTo(declaring.codec.encode(second)).isNotEqualTo(bytes);
  }

  @ParameterizedTest
  @MethodSource("unusual")
  void decode_anythingElse_isDeserializedEachTime(Object value) {
    byte[] bytes = codec.encode(value);
    Object first = codec.decode(bytes);
    Object second = codec.decode(bytes);

    assertThat(counting.decoded).isEqualTo(2);
    assertThat(second).isNotSameAs(first);
    assertThat(codec.encodeAgain(second, bytes)).isSameAs(bytes);
  }

  static Stream<Named<Object>> unusual() {
    List<GrantedAuthority> own = List.of(new Stamp("ROLE_USER"));
    User withOwn = new User("alice", "", own);
    String longName = "a".repeat(20_000);
    List<GrantedAuthority> manyRoles = Collections.nCopies(1_001, ROLES.get(0));
    return Stream.of(
        Named.of("a principal that may change", contextOf(login(new Guest("alice")))),
        Named.of("a kind of user", contextOf(login(new Clerk("alice")))),
        Named.of("other authorities", contextOf(login(user(), own))),
        Named.of("a user with other authorities", contextOf(login(withOwn))),
        Named.of("details that may change", contextOf(withDetails(new ArrayList<>(ROLES)))),
        Named.of("a kind of details", contextOf(withDetails(new Phone()))),
        Named.of("credentials that may change", contextOf(withCredentials(new ArrayList<>(ROLES)))),
        Named.of("not authenticated", contextOf(unauthenticated())),
        Named.of("a kind of remembered login", contextOf(new Kept(user()))),
        Named.of("a kind of login", contextOf(new Ticket("alice"))),
        Named.of("a kind of context", new Room(login("alice"))),
        Named.of("more than 16 KiB", contextOf(login(longName))),
        Named.of("more than a thousand authorities", contextOf(login("alice", manyRoles))),
        Named.of("no context", new ArrayList<>(List.of("a".repeat(300)))));
  }

  @Test
  void encodeAgain_rememberedByAnotherKeyOrNoLonger_isTheNewEncoding() {
    byte[] bytes = codec.encode(contextOf(remembered("key")));
    codec.decode(bytes);
    for (Authentication other : List.of(remembered("another key"), login(user()))) {
      SecurityContext own = (SecurityContext) codec.decode(bytes);
      own.setAuthentication(other);
      assertThat(codec.encodeAgain(own, bytes))
          .isNotEqualTo(bytes)
          .isEqualTo(counting.codec.encode(own));
    }
  }

  @Test
  void encodeAgain_equalPrincipalWithOtherContent_isTheNewEncoding() {
    byte[] bytes = codec.encode(contextOf(login(new Member(7, "alice"))));
    codec.decode(bytes);
    SecurityContext own = (SecurityContext) codec.decode(bytes);
    Member renamed = new Member(7, "bob");
    assertThat(renamed).isEqualTo(own.getAuthentication().getPrincipal());
    own.setAuthentication(login(renamed));

    assertThat(codec.encodeAgain(own, bytes)).isEqualTo(counting.codec.encode(own));
  }

  @Test
  void decode_bytesOverwrittenAfterwards_isWhatTheBytesSay() {
    byte[] alice = codec.encode(contextOf(login("alice")));
    byte[] malla = codec.encode(contextOf(login("malla")));
    byte[] buffer = alice.clone();
    codec.decode(buffer);
    System.arraycopy(malla, 0, buffer, 0, malla.length);

    assertThat(codec.decode(buffer)).isEqualTo(contextOf(login("malla")));
    assertThat(codec.decode(alice)).isEqualTo(contextOf(login("alice")));
    assertThat(counting.decoded).as("alice's and malla's").isEqualTo(2);
  }

  @Test
  void decode_refusedByTheOtherCodec_isRefused() {
    byte[] bytes = codec.encode(contextOf(login("alice")));
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);

    assertThatThrownBy(() -> codec.decode(longer)).isInstanceOf(AttributeCodecException.class);
    codec.decode(bytes);
    assertThatThrownBy(() -> codec.decode(longer)).isInstanceOf(AttributeCodecException.class);
  }

  @ParameterizedTest
  @MethodSource("incomplete")
  void decode_incompleteContext_isAsWithoutThisCodec(String removed, UnaryOperator<String> edit) {
    byte[] bytes = codec.encode(contextOf(login(user())));
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    byte[] planted = edit.apply(text).getBytes(StandardCharsets.ISO_8859_1);
    assertThat(planted).as(removed).isNotEqualTo(bytes);
    byte[] without = counting.codec.encode(counting.codec.decode(planted));

    assertThat(counting.codec.encode(codec.decode(planted))).isEqualTo(without);
    assertThat(counting.codec.encode(codec.decode(planted))).isEqualTo(without);
  }

  static Stream<Arguments> incomplete() {
    return Stream.of(
        Arguments.of("authorities", renamed("authorities")),
        Arguments.of("principal", renamed("principal")),
        Arguments.of("username", renamed("username")),
        Arguments.of("authentication", renamed("authentication")));
  }

  /** In a stream, the name of a field follows its length. */
  private static UnaryOperator<String> renamed(String field) {
    String length = "\0" + (char) field.length();
    return text -> text.replace(length + field, length + "x" + field.substring(1));
  }

  private static void allowOwn(JavaSerializationCodec.Builder codec) {
    codec
        .allow(Member.class)
        .allow(Guest.class)
        .allow(Clerk.class)
        .allow(Ticket.class)
        .allow(Kept.class)
        .allow(Room.class)
        .allow(Phone.class)
        .allow(Stamp.class);
  }

  private static SecurityContext contextOf(Authentication login) {
    return new SecurityContextImpl(login);
  }

  private static UsernamePasswordAuthenticationToken login(Object principal) {
    return login(principal, ROLES);
  }

  private static UsernamePasswordAuthenticationToken login(
      @Nullable Object principal, List<GrantedAuthority> authorities) {
    return UsernamePasswordAuthenticationToken.authenticated(principal, null, authorities);
  }

  private static Authentication withCredentials(Object credentials) {
    return UsernamePasswordAuthenticationToken.authenticated(user(), credentials, ROLES);
  }

  private static Authentication withDetails(Object details) {
    return withDetails(login(user()), details);
  }

  private static Authentication withDetails(AbstractAuthenticationToken login, Object details) {
    login.setDetails(details);
    return login;
  }

  private static Authentication unauthenticated() {
    UsernamePasswordAuthenticationToken login = login(user());
    login.setAuthenticated(false);
    return login;
  }

  private static RememberMeAuthenticationToken remembered(String key) {
    return new RememberMeAuthenticationToken(key, user(), ROLES);
  }

  private static User user() {
    return new User("alice", "{noop}ticket", ROLES);
  }

  private static WebAuthenticationDetails details() {
    return new WebAuthenticationDetails("127.0.0.1", "a-session");
  }

  private static UsernamePasswordAuthenticationToken loginOf(SecurityContext context) {
    return (UsernamePasswordAuthenticationToken) context.getAuthentication();
  }

  private static User userOf(SecurityContext context) {
    return (User) context.getAuthentication().getPrincipal();
  }

  /** Immutable, but its {@code equals} does not compare everything. */
  record Member(long number, String name) implements Serializable {

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Member that && number == that.number;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(number);
    }
  }

  static final class Guest implements Serializable {

    private static final long serialVersionUID = 1;

    String name;

    Guest(String name) {
      this.name = name;
    }
  }

  static final class Clerk extends User {

    private static final long serialVersionUID = 1;

    Clerk(String name) {
      super(name, "", ROLES);
    }
  }

  static final class Ticket extends UsernamePasswordAuthenticationToken {

    private static final long serialVersionUID = 1;

    Ticket(String name) {
      super(name, null, ROLES);
    }
  }

  static final class Kept extends RememberMeAuthenticationToken {

    private static final long serialVersionUID = 1;

    Kept(User user) {
      super("key", user, ROLES);
    }
  }

  static final class Room extends SecurityContextImpl {

    private static final long serialVersionUID = 1;

    Room(Authentication login) {
      super(login);
    }
  }

  static final class Phone extends WebAuthenticationDetails {

    private static final long serialVersionUID = 1;

    Phone() {
      super(new MockHttpServletRequest());
    }
  }

  static final class Stamp implements GrantedAuthority {

    private static final long serialVersionUID = 1;

    private final SimpleGrantedAuthority role;

    Stamp(String role) {
      this.role = new SimpleGrantedAuthority(role);
    }

    @Override
    public String getAuthority() {
      return role.getAuthority();
    }
  }
}
