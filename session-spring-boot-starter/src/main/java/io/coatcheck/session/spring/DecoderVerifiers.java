package io.coatcheck.session.spring;

import io.coatcheck.session.migration.TokenVerifier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/** Makes a verifier of the application's {@link JwtDecoder}, if it has one. */
final class DecoderVerifiers {

  private final ObjectProvider<JwtDecoder> decoders;
  private final String principalClaim;

  DecoderVerifiers(ObjectProvider<JwtDecoder> decoders, String principalClaim) {
    this.decoders = decoders;
    this.principalClaim = principalClaim;
  }

  /** Returns the verifier; null if there is no decoder, or there are several. */
  @Nullable TokenVerifier unique() {
    JwtDecoder decoder = decoders.getIfUnique();
    return decoder == null ? null : new DecoderVerifier(decoder, principalClaim);
  }
}
