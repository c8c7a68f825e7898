package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Serializable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.oauth2.core.user.DefaultOAuth2User;
import org.springframework.security.oauth2.core.user.OAuth2User;

@DisplayName("What contexts share cannot be changed, and a change that equals() ignores is found")
class SharedContentTest {

  private static final List<GrantedAuthority> ROLES =
      AuthorityUtils.createAuthorityList("ROLE_USER", "ROLE_EDITOR");

  private final CountingCodec counting =
      new CountingCodec(
          codec -> codec.allow(Member.class).allow(Clerk.class).immutable(Clerk.class));
  private final KnownContexts codec = new KnownContexts(counting);

  @Test
  void encodeAgain_recordOfAClaimReplacedByAnEqualOne_isTheNewEncoding() {
    byte[] bytes = codec.encode(contextOf(claims()));
    SecurityContext own = decodedAgain(bytes);
    members(own).set(0, new Member(7, "bob"));

    assertIsFound(own, bytes);
  }

  @Test
  void encodeAgain_mapOfAClaimInAnotherOrder_isTheNewEncoding() {
    byte[] bytes = codec.encode(contextOf(claims()));
    SecurityContext own = decodedAgain(bytes);
    Map<String, Object> address = address(own);
    address.put("country", address.remove("country"));

    assertIsFound(own, bytes);
  }

  @Test
  void encodeAgain_claimsOfTheTokenReplacedByEqualOnes_isTheNewEncoding() {
    byte[] bytes = codec.encode(oidcContext(new Member(7, "alice")));
    SecurityContext own = decodedAgain(bytes);
    own.setAuthentication(oidcContext(new Member(7, "bob")).getAuthentication());

    assertIsFound(own, bytes);
  }

  @Test
  void encodeAgain_nothingChanged_isNotEncoded() {
    byte[] bytes = codec.encode(contextOf(claims()));
    SecurityContext own = decodedAgain(bytes);
    int before = counting.encodedAgain;

    assertThat(codec.encodeAgain(own, bytes)).isSameAs(bytes);
    assertThat(counting.encodedAgain).isEqualTo(before);
  }

  /** Spring Security's own class erases it in place. */
  @Test
  void decode_declaredUserWithPassword_isNotShared() {
    byte[] bytes =
        codec.encode(
            new SecurityContextImpl(
                UsernamePasswordAuthenticationToken.authenticated(
                    new Clerk("alice", "{noop}ticket"), null, ROLES)));
    SecurityContext own = decodedAgain(bytes);
    SecurityContext other = (SecurityContext) codec.decode(bytes);
    ((UsernamePasswordAuthenticationToken) own.getAuthentication()).eraseCredentials();

    assertThat(((User) other.getAuthentication().getPrincipal()).getPassword())
        .isEqualTo("{noop}ticket");
    assertIsFound(own, bytes);
  }

  private SecurityContext decodedAgain(byte[] bytes) {
    codec.decode(bytes);
    return (SecurityContext) codec.decode(bytes);
  }

  private void assertIsFound(SecurityContext changed, byte[] bytes) {
    assertThat(codec.encodeAgain(changed, bytes))
        .isEqualTo(counting.codec.encode(changed))
        .isNotEqualTo(bytes);
  }

  private static Map<String, Object> claims() {
    Map<String, Object> address = new LinkedHashMap<>();
    address.put("country", "DE");
    address.put("town", "Ulm");
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("sub", "alice");
    claims.put("members", new ArrayList<>(List.of(new Member(7, "alice"))));
    claims.put("address", address);
    claims.put("updated_at", Instant.EPOCH);
    return claims;
  }

  private static SecurityContext contextOf(Map<String, Object> claims) {
    return contextOf(new DefaultOAuth2User(ROLES, claims, "sub"));
  }

  private static SecurityContext oidcContext(Member member) {
    Instant now = Instant.EPOCH;
    Map<String, Object> claims = Map.of("sub", "alice", "member", member);
    return contextOf(
        new DefaultOidcUser(ROLES, new OidcIdToken("a.b.c", now, now.plusSeconds(9), claims)));
  }

  private static SecurityContext contextOf(OAuth2User user) {
    return new SecurityContextImpl(new OAuth2AuthenticationToken(user, ROLES, "shop"));
  }

  private static Map<String, Object> claimsOf(SecurityContext context) {
    return ((OAuth2AuthenticationToken) context.getAuthentication()).getPrincipal().getAttributes();
  }

  @SuppressWarnings("unchecked")
  private static List<Member> members(SecurityContext context) {
    return (List<Member>) claimsOf(context).get("members");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> address(SecurityContext context) {
    return (Map<String, Object>) claimsOf(context).get("address");
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

  static final class Clerk extends User {

    private static final long serialVersionUID = 1;

    Clerk(String name, String password) {
      super(name, password, ROLES);
    }
  }
}
