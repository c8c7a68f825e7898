package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;

/**
 * Encodes the exception of a refused login, which Spring Security keeps for the login page, without
 * the request to log in that it holds: this has the password, or the secret of the OAuth client.
 * Everything else is left to the other codec.
 */
final class RefusedLogins implements AttributeCodec {

  private static final Logger LOG = LoggerFactory.getLogger(RefusedLogins.class);

  private final AttributeCodec codec;

  RefusedLogins(AttributeCodec codec) {
    this.codec = codec;
  }

  @Override
  public byte[] encode(Object value) {
    if (!(value instanceof AuthenticationException refusal)) {
      return codec.encode(value);
    }
    removeCredentials(refusal);
    try {
      return codec.encode(refusal);
    } catch (AttributeCodecException e) {
      // Its cause may be any exception. The login page needs the message.
      LOG.debug("Only the message of the refused login is kept", e);
      return codec.encode(new BadCredentialsException(refusal.getMessage()));
    }
  }

  @Override
  public byte[] encodeAgain(Object value, byte[] before) {
    return value instanceof AuthenticationException
        ? AttributeCodec.super.encodeAgain(value, before)
        : codec.encodeAgain(value, before);
  }

  @Override
  public Object decode(byte[] bytes) {
    return codec.decode(bytes);
  }

  @Override
  public boolean isImmutable(Object value) {
    return codec.isImmutable(value);
  }

  /** Replaces the request to log in with one that has the name of the user at most. */
  static void removeCredentials(AuthenticationException refusal) {
    Authentication request = refusal.getAuthenticationRequest();
    if (request == null || isBare(request)) {
      return;
    }
    // The name of another kind of token may be the token.
    String name = request instanceof UsernamePasswordAuthenticationToken ? request.getName() : "";
    refusal.setAuthenticationRequest(bare(name));
  }

  private static boolean isBare(Authentication request) {
    return request.getClass() == UsernamePasswordAuthenticationToken.class
        && request.getPrincipal() instanceof String
        && request.getCredentials() == null
        && request.getDetails() == null;
  }

  private static Authentication bare(String name) {
    @Nullable Object none = null;
    return UsernamePasswordAuthenticationToken.unauthenticated(name, none);
  }
}
