package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.ClassUtils;

/**
 * The codec of attributes: the presets of the features that are there, and the application's own.
 */
final class SessionCodec {

  private static final Logger LOG = LoggerFactory.getLogger(SessionCodec.class);

  /** Each preset with a class whose presence means that the feature may be used. */
  private static final Map<AllowListPreset, String> MARKERS = new LinkedHashMap<>();

  static {
    String web = "org.springframework.security.web.";
    MARKERS.put(AllowListPreset.SPRING_SECURITY_FORM_LOGIN, web + "SecurityFilterChain");
    MARKERS.put(
        AllowListPreset.SPRING_SECURITY_SWITCH_USER,
        web + "authentication.switchuser.SwitchUserFilter");
    MARKERS.put(AllowListPreset.SPRING_SECURITY_CSRF, web + "csrf.CsrfFilter");
    MARKERS.put(
        AllowListPreset.SPRING_SECURITY_SAVED_REQUEST, web + "savedrequest.DefaultSavedRequest");
    MARKERS.put(
        AllowListPreset.SPRING_SECURITY_REMEMBER_ME,
        web + "authentication.rememberme.RememberMeAuthenticationFilter");
    MARKERS.put(
        AllowListPreset.SPRING_SECURITY_ONE_TIME_TOKEN,
        "org.springframework.security.authentication.ott.OneTimeToken");
    MARKERS.put(
        AllowListPreset.SPRING_SECURITY_WEBAUTHN,
        web + "webauthn.authentication.WebAuthnAuthenticationFilter");
    String oauth2 = "org.springframework.security.oauth2.";
    MARKERS.put(
        AllowListPreset.SPRING_SECURITY_OAUTH2_CLIENT, oauth2 + "client.OAuth2AuthorizedClient");
    MARKERS.put(
        AllowListPreset.SPRING_SECURITY_OAUTH2_LOGIN, oauth2 + "client.OAuth2AuthorizedClient");
    MARKERS.put(
        AllowListPreset.SPRING_SECURITY_OIDC_LOGIN, oauth2 + "core.oidc.user.DefaultOidcUser");
    MARKERS.put(
        AllowListPreset.SPRING_MVC_FLASH, "org.springframework.web.servlet.DispatcherServlet");
  }

  private SessionCodec() {}

  static JavaSerializationCodec create(
      CoatcheckProperties.Attributes properties, List<String> applicationPackages) {
    JavaSerializationCodec.Builder codec = JavaSerializationCodec.builder();
    codec.allow(presets().toArray(AllowListPreset[]::new));
    if (properties.allowApplication()) {
      applicationPackages.forEach(name -> allowPackage(codec, name));
    }
    Settings settings = new Settings("coatcheck.attributes.");
    settings.each("allow", properties.allow(), codec::allow);
    settings.each(
        "immutable", properties.immutable(), name -> codec.immutable(applicationClass(name)));
    return settings.build(codec::build);
  }

  /** A package that is too wide, such as {@code shop} or none, allows nothing. */
  private static void allowPackage(JavaSerializationCodec.Builder codec, String name) {
    try {
      codec.allow(name + ".**");
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "The classes of the application are not allowed in sessions, since its package \"{}\" is"
              + " too wide: {}. List them in coatcheck.attributes.allow",
          name,
          e.getMessage());
    }
  }

  private static Class<?> applicationClass(String name) {
    try {
      return ClassUtils.forName(name, ClassUtils.getDefaultClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      throw new IllegalArgumentException("cannot load the class " + name + ": " + e, e);
    }
  }

  /** Returns the presets whose framework is on the class path. */
  static List<AllowListPreset> presets() {
    List<AllowListPreset> found = new ArrayList<>();
    MARKERS.forEach(
        (preset, marker) -> {
          if (ClassUtils.isPresent(marker, SessionCodec.class.getClassLoader())) {
            found.add(preset);
          }
        });
    return found;
  }
}
