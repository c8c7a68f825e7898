package io.coatcheck.session.codec;

import java.util.Optional;
import java.util.Set;

/**
 * The classes that a framework puts into sessions, one constant for each feature that does so. Pass
 * presets to {@link JavaSerializationCodec.Builder#allow(AllowListPreset...)}, in addition to the
 * application's own classes.
 *
 * <p>A preset names single classes, never a package. Each is complete for its feature, so presets
 * overlap. Classes that are not on the class path cost nothing, so one preset covers several
 * versions of a framework. A preset contains only value classes: decoding one fills fields and
 * checks them, calls no method named in the bytes, opens nothing and loads no other class.
 * Framework classes that do more are in no preset.
 *
 * <p>The application must allow what it puts into a framework's objects itself, such as its own
 * user class.
 *
 * @since 0.1.0
 */
public enum AllowListPreset {

  /**
   * Spring Security: users who log in with a password, and the reason that the login page shows
   * after a refused attempt. Covers Spring Security's {@code User}; the application must allow its
   * own implementations of {@code UserDetails}.
   */
  SPRING_SECURITY_FORM_LOGIN(SpringSecurityClasses.FORM_LOGIN),

  /**
   * Spring Security: administrators who act as another user, by {@code SwitchUserFilter}. The
   * session then also holds the administrator's own login, which needs the preset of its kind, such
   * as {@link #SPRING_SECURITY_FORM_LOGIN}.
   */
  SPRING_SECURITY_SWITCH_USER(SpringSecurityClasses.SWITCH_USER),

  /** Spring Security: the CSRF token that {@code HttpSessionCsrfTokenRepository} keeps. */
  SPRING_SECURITY_CSRF(SpringSecurityClasses.CSRF),

  /** Spring Security: the request that is repeated after the login. */
  SPRING_SECURITY_SAVED_REQUEST(SpringSecurityClasses.SAVED_REQUEST),

  /** Spring Security: users who are logged in by the remember-me cookie. */
  SPRING_SECURITY_REMEMBER_ME(SpringSecurityClasses.REMEMBER_ME),

  /** Spring Security: users who log in with a one-time token. */
  SPRING_SECURITY_ONE_TIME_TOKEN(SpringSecurityClasses.ONE_TIME_TOKEN),

  /** Spring Security: passkeys, their registration and logins with them. */
  SPRING_SECURITY_WEBAUTHN(SpringSecurityClasses.WEBAUTHN),

  /**
   * Spring Security: the pending request to an authorization server, and the access tokens that
   * {@code HttpSessionOAuth2AuthorizedClientRepository} keeps.
   */
  SPRING_SECURITY_OAUTH2_CLIENT(SpringSecurityClasses.OAUTH2_CLIENT),

  /** Spring Security: users who log in at an OAuth 2.0 provider without OpenID Connect. */
  SPRING_SECURITY_OAUTH2_LOGIN(SpringSecurityClasses.OAUTH2_LOGIN),

  /** Spring Security: users who log in at an OpenID Connect provider. */
  SPRING_SECURITY_OIDC_LOGIN(SpringSecurityClasses.OIDC_LOGIN),

  /**
   * Spring MVC: flash attributes. {@code @SessionAttributes} and session-scoped beans need the
   * application's own classes and no others.
   */
  SPRING_MVC_FLASH(SpringMvcClasses.FLASH),

  /**
   * Apache Shiro with the container's sessions, its default on the web: who is logged in, the
   * request that is repeated after the login, and {@code runAs}. The application must allow its own
   * principal classes.
   */
  SHIRO(ShiroClasses.ALL),

  /**
   * Apache Struts: form tokens ({@code token}, {@code tokenSession}), stored messages and the
   * chosen language. A process of {@code execAndWait} works in memory only and is not in this
   * preset. The application must allow what {@code scope} and {@code SessionAware} actions store.
   */
  STRUTS(StrutsClasses.ALL),

  /**
   * Apache Wicket with its default page store, which keeps pages in files: the session object,
   * messages, the page that is shown after the login, and the browser's properties. The application
   * must allow its own session classes, and pages kept in the session.
   */
  WICKET(WicketClasses.ALL),

  /**
   * Faces with Mojarra: views whose state is on the server, and view-scoped beans. Also allows
   * classes of JDK collections as values: a component records the kind of collection that it
   * received.
   *
   * <p>Mojarra restores a view from its state: it creates objects of the classes that the state
   * names and, if the application allows expressions to be stored, evaluates them. So anyone who
   * can write to the store can cause that. Encrypted values prevent it, and so does keeping the
   * state on the client ({@code jakarta.faces.STATE_SAVING_METHOD}).
   */
  FACES_MOJARRA(FacesClasses.MOJARRA, FacesClasses.COLLECTIONS),

  /** Faces with MyFaces: like {@link #FACES_MOJARRA}. */
  FACES_MYFACES(FacesClasses.MYFACES, FacesClasses.MYFACES_VALUES),

  /**
   * PrimeFaces, in addition to the preset of a Faces implementation: what its components keep in
   * the state of one or several views, tree nodes, filters and sort orders.
   */
  PRIMEFACES(PrimeFacesClasses.PRIMEFACES_CLASSES),

  /**
   * CDI with Weld: beans of the session, view and conversation scopes. The application must allow
   * the classes of the beans and, where one bean holds another, Weld's proxies of them, such as
   * {@code com.example.User$Proxy$_$$_WeldClientProxy}.
   */
  WELD(WeldClasses.SCOPED_BEANS);

  // Immutable, although the declared type does not say so.
  @SuppressWarnings("ImmutableEnumChecker")
  private final Set<String> classNames;

  // Immutable, although the declared type does not say so.
  @SuppressWarnings("ImmutableEnumChecker")
  private final Set<String> classValues;

  AllowListPreset(Set<String> classNames) {
    this(classNames, Set.of());
  }

  AllowListPreset(Set<String> classNames, Set<String> classValues) {
    this.classNames = Set.copyOf(classNames);
    this.classValues = Set.copyOf(classValues);
  }

  /**
   * Returns the names of the classes that this preset allows; immutable, in no particular order.
   */
  public Set<String> classNames() {
    return classNames;
  }

  /** Returns the names of the classes that may themselves be values; empty for most presets. */
  Set<String> classValues() {
    return classValues;
  }

  /**
   * Returns the first preset that contains a class; empty for a class of the JDK, which does not
   * indicate a framework.
   */
  static Optional<AllowListPreset> with(String className) {
    if (className.startsWith("java.")) {
      return Optional.empty();
    }
    for (AllowListPreset preset : values()) {
      if (preset.classNames.contains(className)) {
        return Optional.of(preset);
      }
    }
    return Optional.empty();
  }
}
