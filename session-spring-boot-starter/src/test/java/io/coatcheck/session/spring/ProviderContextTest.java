package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import java.io.Serializable;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.OidcUserInfo;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.oauth2.core.oidc.user.OidcUserAuthority;
import org.springframework.security.oauth2.core.user.DefaultOAuth2User;
import org.springframework.security.oauth2.core.user.OAuth2User;
import org.springframework.security.oauth2.core.user.OAuth2UserAuthority;
import org.springframework.security.web.authentication.WebAuthenticationDetails;

@DisplayName("The context of a login with a provider is decoded once, and each request has its own")
class ProviderContextTest {

  private static final Instant MORNING = Instant.parse("2026-01-01T08:00:00Z");
  private static final String NAME = "preferred_username";

  private final CountingCodec counting =
      new CountingCodec(
          codec -> codec.allow(Club.class).allow(Badge.class).allow(Guest.class).allow(Pass.class));
  private final KnownContexts codec = new KnownContexts(counting);

  @ParameterizedTest
  @MethodSource("usual")
  void decode_usualContext_isDeserializedOnce(SecurityContext context) {
    byte[] bytes = codec.encode(context);
    SecurityContext first = (SecurityContext) codec.decode(bytes);
    int before = counting.decoded;
    SecurityContext second = (SecurityContext) codec.decode(bytes.clone());

    assertThat(codec.encodeAgain(second, bytes)).isSameAs(bytes);
    assertThat(counting.decoded).as("of the second request").isEqualTo(before);
    assertThat(second).isEqualTo(context).isNotSameAs(first);
    assertThat(second.getAuthentication()).isNotSameAs(first.getAuthentication());
    assertThat(second.getAuthentication().getPrincipal())
        .isNotSameAs(first.getAuthentication().getPrincipal());
    assertThat(decodedAgain(second))
        .isEqualTo(decodedAgain((SecurityContext) counting.decode(bytes)));
  }

  /** The capacities of maps, which encodings contain, are then the same. */
  private byte[] decodedAgain(SecurityContext context) {
    AttributeCodec plain = counting.codec;
    return plain.encode(plain.decode(plain.encode(context)));
  }

  static Stream<Named<SecurityContext>> usual() throws MalformedURLException {
    OAuth2AuthenticationToken withDetails = login(oidcUser(claims()));
    withDetails.setDetails(new WebAuthenticationDetails("127.0.0.1", "a-session"));
    Map<String, Object> many = claims();
    for (int i = 0; i < 12; i++) {
      many.put("claim" + i, "value" + i);
    }
    return Stream.of(
        Named.of("OpenID Connect", contextOf(login(oidcUser(claims())))),
        Named.of("with details", contextOf(withDetails)),
        Named.of("with many claims", contextOf(login(oidcUser(many)))),
        Named.of("without user info", contextOf(login(oidcUser(token(claims()), null)))),
        Named.of("OAuth 2.0", contextOf(login(oauthUser(attributes())))),
        Named.of("mapped roles", contextOf(login(oauthUser(attributes()), roles("ROLE_USER")))),
        Named.of("without authorities", contextOf(login(oauthUser(attributes()), List.of()))));
  }

  @Test
  void decode_parts_areSharedWithinAContextAsBefore() throws MalformedURLException {
    byte[] bytes = codec.encode(contextOf(login(oidcUser(claims()))));
    codec.decode(bytes);
    OAuth2AuthenticationToken own = loginOf((SecurityContext) codec.decode(bytes));
    DefaultOidcUser user = (DefaultOidcUser) own.getPrincipal();

    OidcUserAuthority authority =
        own.getAuthorities().stream()
            .filter(OidcUserAuthority.class::isInstance)
            .map(OidcUserAuthority.class::cast)
            .findFirst()
            .orElseThrow();
    assertThat(authority.getIdToken()).isSameAs(user.getIdToken());
    assertThat(authority.getUserInfo()).isSameAs(user.getUserInfo());
    assertThat(user.getAttributes().get("aud")).isSameAs(user.getIdToken().getClaims().get("aud"));
    assertThat(user.getAuthorities()).anyMatch(each -> each == authority);
  }

  @ParameterizedTest
  @MethodSource("changes")
  void encodeAgain_changedInPlace_isTheNewEncoding(Consumer<SecurityContext> change)
      throws MalformedURLException {
    SecurityContext context = contextOf(login(oidcUser(claims())));
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
        Named.of("not authenticated", context -> loginOf(context).setAuthenticated(false)),
        Named.of("details", context -> loginOf(context).setDetails("a phone")),
        Named.of("a list of a claim", context -> audience(context).add("another")),
        Named.of(
            "a list in a map of a claim", context -> realmRoles(context).set(0, "administrator")),
        Named.of("fewer roles", replaced(user -> login(user, roles("ROLE_USER")))),
        Named.of(
            "another provider",
            replaced(user -> new OAuth2AuthenticationToken(user, user.getAuthorities(), "b"))),
        Named.of("another name", replaced(user -> login(renamed((DefaultOidcUser) user)))),
        Named.of("another token", replaced(user -> login(refreshed((DefaultOidcUser) user)))),
        Named.of(
            "no user info",
            replaced(user -> login(oidcUser(((DefaultOidcUser) user).getIdToken(), null)))));
  }

  private static Consumer<SecurityContext> replaced(
      Function<OAuth2User, OAuth2AuthenticationToken> change) {
    return context -> {
      OAuth2AuthenticationToken login = loginOf(context);
      OAuth2AuthenticationToken other = change.apply(login.getPrincipal());
      other.setDetails(login.getDetails());
      context.setAuthentication(other);
    };
  }

  /** Equal to the user, as Spring Security compares users, apart from the name. */
  private static DefaultOidcUser renamed(DefaultOidcUser user) {
    return new DefaultOidcUser(user.getAuthorities(), user.getIdToken(), user.getUserInfo(), "sub");
  }

  private static DefaultOidcUser refreshed(DefaultOidcUser user) {
    OidcIdToken old = user.getIdToken();
    OidcIdToken token =
        new OidcIdToken("another", old.getIssuedAt(), old.getExpiresAt(), old.getClaims());
    return new DefaultOidcUser(user.getAuthorities(), token, user.getUserInfo(), NAME);
  }

  @ParameterizedTest
  @MethodSource("unusual")
  void decode_anythingElse_isDeserializedEachTime(SecurityContext context) {
    byte[] bytes = codec.encode(context);
    Object first = codec.decode(bytes);
    Object second = codec.decode(bytes);

    assertThat(counting.decoded).isEqualTo(2);
    assertThat(second).isNotSameAs(first).isEqualTo(context);
    assertThat(counting.codec.encode(second)).isEqualTo(counting.codec.encode(first));
  }

  static Stream<Named<SecurityContext>> unusual() throws MalformedURLException {
    OAuth2AuthenticationToken withDetails = login(oidcUser(claims()));
    withDetails.setDetails(new ArrayList<>(List.of("a phone")));
    OAuth2AuthenticationToken unauthenticated = login(oidcUser(claims()));
    unauthenticated.setAuthenticated(false);
    Object deep = "bottom";
    for (int i = 0; i < 20; i++) {
      deep = new ArrayList<>(List.of(deep));
    }
    return Stream.of(
        Named.of("a kind of user", contextOf(login(new Guest(token(claims()))))),
        Named.of("a kind of login", contextOf(new Pass(oidcUser(claims())))),
        Named.of(
            "other authorities", contextOf(login(oauthUser(attributes()), List.of(new Badge())))),
        Named.of("other details", contextOf(withDetails)),
        Named.of("not authenticated", contextOf(unauthenticated)),
        Named.of("a claim of a class", contextOf(login(oauthUser(with(new Club(List.of("a"))))))),
        Named.of("a set", contextOf(login(oauthUser(with(new TreeSet<>(List.of("a"))))))),
        Named.of("another map", contextOf(login(oauthUser(with(new TreeMap<>(Map.of("a", 1))))))),
        Named.of(
            "a map by numbers", contextOf(login(oauthUser(with(new HashMap<>(Map.of(1, "a"))))))),
        Named.of("deep lists", contextOf(login(oauthUser(with(deep))))));
  }

  @Test
  void decode_listReferredToAgainAndAgain_isNotVisitedEachTime() {
    Object doubled = new ArrayList<>(List.of("a"));
    for (int i = 0; i < 14; i++) {
      doubled = new ArrayList<>(List.of(doubled, doubled));
    }
    byte[] bytes = codec.encode(contextOf(login(oauthUser(with(doubled)))));
    codec.decode(bytes);
    codec.decode(bytes);

    assertThat(counting.decoded).isEqualTo(2);
  }

  /** In a stream, the name of a field follows its length. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "authorities",
        "principal",
        "attributes",
        "nameAttributeKey",
        "idToken",
        "tokenValue",
        "claims",
        "authority",
        "authentication",
        "role"
      })
  void decode_incompleteContext_isAsWithoutThisCodec(String field) throws MalformedURLException {
    byte[] bytes = codec.encode(contextOf(login(oidcUser(claims()))));
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    String length = "\0" + (char) field.length();
    UnaryOperator<String> edit =
        stream -> stream.replace(length + field, length + "x" + field.substring(1));
    byte[] planted = edit.apply(text).getBytes(StandardCharsets.ISO_8859_1);
    assertThat(planted).isNotEqualTo(bytes);
    String without = decodedBy(counting.codec, planted);

    assertThat(decodedBy(codec, planted)).isEqualTo(without);
    assertThat(decodedBy(codec, planted)).isEqualTo(without);
  }

  /** Returns the encoding of what is decoded, or why it cannot be. */
  private String decodedBy(AttributeCodec decoder, byte[] bytes) {
    try {
      byte[] again = counting.codec.encode(decoder.decode(bytes));
      return new String(again, StandardCharsets.ISO_8859_1);
    } catch (AttributeCodecException e) {
      return e.getMessage();
    }
  }

  private static SecurityContext contextOf(OAuth2AuthenticationToken login) {
    return new SecurityContextImpl(login);
  }

  private static OAuth2AuthenticationToken login(OAuth2User user) {
    return login(user, user.getAuthorities());
  }

  private static OAuth2AuthenticationToken login(
      OAuth2User user, Collection<? extends GrantedAuthority> authorities) {
    return new OAuth2AuthenticationToken(user, authorities, "shop");
  }

  private static List<GrantedAuthority> roles(String role) {
    return List.of(new SimpleGrantedAuthority(role));
  }

  private static OAuth2AuthenticationToken loginOf(SecurityContext context) {
    return (OAuth2AuthenticationToken) context.getAuthentication();
  }

  @SuppressWarnings("unchecked")
  private static List<String> audience(SecurityContext context) {
    return (List<String>) loginOf(context).getPrincipal().getAttributes().get("aud");
  }

  @SuppressWarnings("unchecked")
  private static List<String> realmRoles(SecurityContext context) {
    Map<String, Object> realm =
        (Map<String, Object>) loginOf(context).getPrincipal().getAttributes().get("realm_access");
    return (List<String>) realm.get("roles");
  }

  private static DefaultOidcUser oidcUser(Map<String, Object> claims) {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("sub", "7");
    info.put("address", new LinkedHashMap<>(Map.of("country", "DE")));
    return oidcUser(token(claims), new OidcUserInfo(info));
  }

  /** As {@code OidcUserService} makes it. */
  private static DefaultOidcUser oidcUser(OidcIdToken token, @Nullable OidcUserInfo info) {
    Set<GrantedAuthority> authorities = new LinkedHashSet<>();
    authorities.add(new OidcUserAuthority(token, info, NAME));
    authorities.add(new SimpleGrantedAuthority("SCOPE_openid"));
    authorities.add(new SimpleGrantedAuthority("SCOPE_email"));
    return new DefaultOidcUser(authorities, token, info, NAME);
  }

  private static OidcIdToken token(Map<String, Object> claims) {
    return new OidcIdToken("a.b.c", MORNING, MORNING.plusSeconds(300), claims);
  }

  private static Map<String, Object> claims() throws MalformedURLException {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("iss", new URL("https://login.shop.example/realms/shop"));
    claims.put("sub", "7");
    claims.put("aud", new ArrayList<>(List.of("shop")));
    claims.put("exp", MORNING.plusSeconds(300));
    claims.put("email_verified", true);
    claims.put("auth_level", 2L);
    claims.put(NAME, "alice");
    claims.put(
        "realm_access", new LinkedHashMap<>(Map.of("roles", new ArrayList<>(List.of("user")))));
    return claims;
  }

  private static DefaultOAuth2User oauthUser(Map<String, Object> attributes) {
    Set<GrantedAuthority> authorities = new LinkedHashSet<>();
    authorities.add(new OAuth2UserAuthority(attributes, "login"));
    authorities.add(new SimpleGrantedAuthority("SCOPE_read"));
    return new DefaultOAuth2User(authorities, attributes, "login");
  }

  private static Map<String, Object> attributes() {
    return with(new ArrayList<>(List.of("a", "b")));
  }

  private static Map<String, Object> with(Object value) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("login", "alice");
    attributes.put("id", 7);
    attributes.put("company", null);
    attributes.put("more", value);
    return attributes;
  }

  /** Its list may change. */
  record Club(List<String> names) implements Serializable {}

  static final class Badge implements GrantedAuthority {

    private static final long serialVersionUID = 1;

    @Override
    public String getAuthority() {
      return "ROLE_BADGE";
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Badge;
    }

    @Override
    public int hashCode() {
      return 1;
    }
  }

  static final class Guest extends DefaultOidcUser {

    private static final long serialVersionUID = 1;

    Guest(OidcIdToken token) {
      super(List.of(), token, NAME);
    }
  }

  static final class Pass extends OAuth2AuthenticationToken {

    private static final long serialVersionUID = 1;

    Pass(OAuth2User user) {
      super(user, user.getAuthorities(), "shop");
    }
  }
}
