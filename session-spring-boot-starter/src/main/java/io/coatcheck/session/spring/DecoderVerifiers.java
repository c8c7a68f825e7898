package io.coatcheck.session.spring;

import io.coatcheck.session.migration.TokenVerifier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/** Makes a verifier of the application's {@link JwtDecoder}, if it has one. */
final class DecoderVerifiers {

  private final ObjectProvider<JwtDecoder> decoders;
  private final MigrationProperties.Jwt properties;

  DecoderVerifiers(ObjectProvider<JwtDecoder> decoders, MigrationProperties.Jwt properties) {
    this.decoders = decoders;
    this.properties = properties;
  }

  /**
   * Returns the verifier; null if there is no decoder, or there are several.
   *
   * @throws InvalidSettingException if no property sets how to recognise an access token: a decoder
   *     accepts whatever was signed with its key
   */
  @Nullable TokenVerifier unique() {
    JwtDecoder decoder = decoders.getIfUnique();
    if (decoder == null) {
      return null;
    }
    AccessTokens accessTokens = new AccessTokens(properties.type(), properties.requiredClaims());
    if (accessTokens.isUnknown()) {
      throw new InvalidSettingException(
          "coatcheck.migration.jwt.enabled must not be true with a JwtDecoder, which accepts refresh"
              + " tokens and others of the same key too, unless"
              + " coatcheck.migration.jwt.required-claims or coatcheck.migration.jwt.type names a"
              + " property that only access tokens have, such as aud=shop: true. A bean of type"
              + " TokenVerifier can check it in place of them");
    }
    return new DecoderVerifier(decoder, properties.principalClaim(), accessTokens);
  }
}
