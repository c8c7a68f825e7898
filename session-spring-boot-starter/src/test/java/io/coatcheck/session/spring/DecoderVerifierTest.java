package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

@DisplayName("The verifier that asks the JwtDecoder")
class DecoderVerifierTest {

  private static final byte[] KEY =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private final DecoderVerifier verifier =
      new DecoderVerifier(
          NimbusJwtDecoder.withSecretKey(new SecretKeySpec(KEY, "HmacSHA256")).build(), "sub");

  private String signed(JWTClaimsSet.Builder claims) throws JOSEException {
    Date expiry = Date.from(now.plusSeconds(3_600));
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader(JWSAlgorithm.HS256),
            claims.issuer("https://issuer.example").expirationTime(expiry).build());
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
  @DisplayName("refuses a token that does not say it: the decoder would make it up")
  void withoutTimeOfIssue() throws JOSEException {
    assertThat(verifier.verify(signed(new JWTClaimsSet.Builder().subject("alice")))).isEmpty();
  }
}
