package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

@DisplayName("The verifier that asks the JwtDecoder")
class DecoderVerifierTest {

  private static final byte[] KEY =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private final DecoderVerifier verifier =
      new DecoderVerifier(
          NimbusJwtDecoder.withSecretKey(new SecretKeySpec(KEY, "HmacSHA256")).build(),
          "sub",
          new AccessTokens(null, List.of("iss=https://issuer.example")));

  private DecoderVerifier verifier(@Nullable String type, String... claims) {
    return new DecoderVerifier(
        NimbusJwtDecoder.withSecretKey(new SecretKeySpec(KEY, "HmacSHA256")).build(),
        "sub",
        new AccessTokens(type, List.of(claims)));
  }

  private String signed(JWTClaimsSet.Builder claims) throws JOSEException {
    return signed(new JWSHeader(JWSAlgorithm.HS256), claims);
  }

  private String signed(JWSHeader header, JWTClaimsSet.Builder claims) throws JOSEException {
    Date expiry = Date.from(now.plusSeconds(3_600));
    SignedJWT jwt =
        new SignedJWT(
            header, claims.issuer("https://issuer.example").expirationTime(expiry).build());
    jwt.sign(new MACSigner(KEY));
    return jwt.serialize();
  }

  @Test
  @DisplayName("reports when a token was issued")
  void issuedAt() throws JOSEException {
    String token = signed(new JWTClaimsSet.Builder().subject("alice").issueTime(Date.from(now)));
    assertThat(verifier.verify(token))
        .hasValueSatisfying(verified -> assertThat(verified.issuedAt()).isEqualTo(now));
  }

  @Test
  @DisplayName("reports when its user logged in, if it was issued later")
  void authTime() throws JOSEException {
    Instant loginAt = now.minusSeconds(3_600);
    JWTClaimsSet.Builder claims =
        new JWTClaimsSet.Builder().subject("alice").issueTime(Date.from(now));
    assertThat(verifier.verify(signed(claims.claim("auth_time", loginAt.getEpochSecond()))))
        .hasValueSatisfying(verified -> assertThat(verified.issuedAt()).isEqualTo(loginAt));
    assertThat(verifier.verify(signed(claims.claim("auth_time", "yesterday")))).isEmpty();
  }

  @Test
  @DisplayName("accepts only what has the claims of an access token")
  void requiredClaims() throws JOSEException {
    DecoderVerifier access = verifier(null, "aud=shop", "token_type=access", "scope=read");
    JWTClaimsSet.Builder claims =
        new JWTClaimsSet.Builder().subject("alice").issueTime(Date.from(now));
    assertThat(access.verify(signed(claims))).isEmpty();
    claims.audience(List.of("other", "shop")).claim("scope", "write read");
    assertThat(access.verify(signed(claims))).isEmpty();
    assertThat(access.verify(signed(claims.claim("token_type", "refresh")))).isEmpty();
    assertThat(access.verify(signed(claims.claim("token_type", "access")))).isPresent();
    assertThat(access.verify(signed(claims.claim("scope", "reader")))).isEmpty();
    claims.claim("scope", "read");
    assertThat(access.verify(signed(claims.audience("other")))).isEmpty();
    assertThat(verifier(null, "mfa=true").verify(signed(claims.claim("mfa", true)))).isPresent();
    assertThat(verifier(null, "mfa=true").verify(signed(claims.claim("mfa", false)))).isEmpty();
  }

  @Test
  @DisplayName("accepts only what has the type of an access token")
  void type() throws JOSEException {
    JWTClaimsSet.Builder claims =
        new JWTClaimsSet.Builder().subject("alice").issueTime(Date.from(now));
    String plain = signed(claims);
    String typed =
        signed(new JWSHeader.Builder(JWSAlgorithm.HS256).type(JOSEObjectType.JWT).build(), claims);
    for (String type : List.of("JWT", "jwt", "application/jwt")) {
      assertThat(verifier(type).verify(typed)).as(type).isPresent();
      assertThat(verifier(type).verify(plain)).as(type).isEmpty();
    }
    assertThat(verifier("at+jwt").verify(typed)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"aud", "=shop", "aud="})
  @DisplayName("refuses a required claim without a name or a value")
  void malformed(String required) {
    assertThatThrownBy(() -> verifier(null, required))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("must have the form claim=value, such as aud=shop: " + required);
    assertThatThrownBy(() -> verifier(null, "aud=a", "aud=b"))
        .hasMessageContaining("must not have two values of one claim: aud");
  }

  @Test
  @DisplayName("refuses a token that does not say it: the decoder would make it up")
  void withoutTimeOfIssue() throws JOSEException {
    assertThat(verifier.verify(signed(new JWTClaimsSet.Builder().subject("alice")))).isEmpty();
  }
}
