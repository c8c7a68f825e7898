package io.coatcheck.session.spring;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.Jwt;

/**
 * The claims and type that distinguish an access token from other tokens signed with the same key,
 * such as a refresh token or one before a second factor.
 */
final class AccessTokens {

  private static final String REQUIRED_CLAIMS = "coatcheck.migration.jwt.required-claims";

  private final @Nullable String type;
  private final Map<String, String> claims = new LinkedHashMap<>();

  AccessTokens(@Nullable String type, List<String> requiredClaims) {
    this.type = type == null || type.isBlank() ? null : mediaType(type.trim());
    for (String required : requiredClaims) {
      int equals = required.indexOf('=');
      if (equals < 1 || equals == required.length() - 1) {
        throw new InvalidSettingException(
            REQUIRED_CLAIMS + " must have the form claim=value, such as aud=shop: " + required);
      }
      String name = required.substring(0, equals).trim();
      String value = required.substring(equals + 1).trim();
      if (claims.put(name, value) != null) {
        throw new InvalidSettingException(
            REQUIRED_CLAIMS + " must not have two values of one claim: " + name);
      }
    }
  }

  /** Returns whether neither a type nor a claim is set. */
  boolean isUnknown() {
    return type == null && claims.isEmpty();
  }

  boolean matches(Jwt token) {
    return (type == null
            || (token.getHeaders().get("typ") instanceof String own && mediaType(own).equals(type)))
        && claims.entrySet().stream()
            .allMatch(each -> has(token.getClaims().get(each.getKey()), each));
  }

  /** Returns the type in one form: RFC 7515, section 4.1.9. */
  private static String mediaType(String type) {
    String lower = type.toLowerCase(Locale.ROOT);
    return lower.contains("/") ? lower : "application/" + lower;
  }

  private static boolean has(@Nullable Object claim, Map.Entry<String, String> required) {
    if (claim instanceof Collection<?> values) {
      return values.stream().anyMatch(value -> required.getValue().equals(String.valueOf(value)));
    }
    if (claim instanceof String text && required.getKey().equals("scope")) {
      // One text of several words: RFC 8693, section 4.2.
      return List.of(text.split(" ")).contains(required.getValue());
    }
    return claim != null && required.getValue().equals(String.valueOf(claim));
  }
}
