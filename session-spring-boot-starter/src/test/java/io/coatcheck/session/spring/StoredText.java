package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;

/** The attributes of a session as the store keeps them: bytes, or what live objects encode to. */
final class StoredText {

  private StoredText() {}

  static String of(Site site, String token) {
    StoredSession stored =
        site.bean(SessionStore.class)
            .find(SessionToken.parse(token).orElseThrow().id())
            .orElseThrow();
    StringBuilder text = new StringBuilder();
    for (Map.Entry<String, AttributeValue> attribute : stored.attributes().entrySet()) {
      text.append(attribute.getKey()).append('=');
      byte[] bytes =
          attribute.getValue().isLive()
              ? serialized(attribute.getValue().object(site.bean(AttributeCodec.class)))
              : attribute.getValue().bytes();
      text.append(new String(bytes, StandardCharsets.ISO_8859_1)).append('\n');
    }
    return text.toString();
  }

  private static byte[] serialized(Object value) {
    if (value instanceof AuthenticationException refusal) {
      // Its cause need not be serializable.
      return describe(refusal).getBytes(StandardCharsets.ISO_8859_1);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return bytes.toByteArray();
  }

  private static String describe(AuthenticationException refusal) {
    Authentication request = refusal.getAuthenticationRequest();
    return request == null
        ? refusal.getMessage()
        : refusal.getMessage()
            + request.getClass().getName()
            + request.getPrincipal()
            + request.getCredentials();
  }
}
