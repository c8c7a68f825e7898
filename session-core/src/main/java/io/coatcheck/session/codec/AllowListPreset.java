package io.coatcheck.session.codec;

import java.util.Optional;
import java.util.Set;

/**
 * The classes that a framework puts into sessions, one constant for each feature that does so. They
 * are given to {@link JavaSerializationCodec.Builder#allow(AllowListPreset...)}, beside the
 * application's own classes.
 *
 * <p>A preset names its classes one by one and never a package. It is complete for its feature by
 * itself, so presets overlap. Classes that are not on the class path cost nothing: names of several
 * versions of a framework stand side by side. A preset holds values only: reading one of its
 * classes back fills fields and checks them, and calls no method by a name in the bytes, opens
 * nothing and loads no other class. A class of a framework that does more is in no preset.
 *
 * <p>What the application itself puts into a framework's objects, such as a user class of its own,
 * is allowed by the application.
 *
 * @since 0.1.0
 */
public enum AllowListPreset {

  /**
   * Spring Security: users who log in with a password, and the reason that the login page shows
   * after a refused attempt. Covers {@code User} of Spring Security; a class of the application
   * that implements {@code UserDetails} is allowed by the application.
   */
  SPRING_SECURITY_FORM_LOGIN(SpringSecurityClasses.FORM_LOGIN),

  /** Spring Security: the CSRF token that {@code HttpSessionCsrfTokenRepository} keeps. */
  SPRING_SECURITY_CSRF(SpringSecurityClasses.CSRF),

  /** Spring Security: the request that is repeated after the login. */
  SPRING_SECURITY_SAVED_REQUEST(SpringSecurityClasses.SAVED_REQUEST),

  /** Spring Security: users who are logged in by the cookie of remember-me. */
  SPRING_SECURITY_REMEMBER_ME(SpringSecurityClasses.REMEMBER_ME),

  /** Spring Security: users who log in with a one-time token. */
  SPRING_SECURITY_ONE_TIME_TOKEN(SpringSecurityClasses.ONE_TIME_TOKEN),

  /** Spring Security: passkeys, their registration and logins with them. */
  SPRING_SECURITY_WEBAUTHN(SpringSecurityClasses.WEBAUTHN),

  /**
   * Spring Security: the request to an authorization server that is under way, and the access
   * tokens that {@code HttpSessionOAuth2AuthorizedClientRepository} keeps.
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
   * request that is repeated after the login, and {@code runAs}. Principals of a class of the
   * application are allowed by the application.
   */
  SHIRO(ShiroClasses.ALL),

  /**
   * Apache Struts: form tokens ({@code token}, {@code tokenSession}), stored messages and the
   * chosen language. A process of {@code execAndWait} works in memory alone and is not in this
   * preset. What {@code scope} and {@code SessionAware} actions store is allowed by the
   * application.
   */
  STRUTS(StrutsClasses.ALL),

  /**
   * Apache Wicket with its default page store, which keeps pages in files: the session object,
   * messages, the page that is shown after the login, and what is known of the browser. Session
   * classes of the application, and pages in the session, are allowed by the application.
   */
  WICKET(WicketClasses.ALL),

  /**
   * Faces with Mojarra: views whose state is on the server, and view-scoped beans. Also takes, as a
   * value, the class of a collection of the JDK, by which a component notes what it was given.
   *
   * <p>Mojarra restores a view from its state: it makes objects of the classes that the state names
   * and, where an application allows expressions to be stored, evaluates these. So whoever can
   * write into the store can do that. Encrypted values prevent it, and so does state that the
   * client keeps ({@code jakarta.faces.STATE_SAVING_METHOD}).
   */
  FACES_MOJARRA(FacesClasses.MOJARRA, FacesClasses.COLLECTIONS),

  /** Faces with MyFaces: as {@link #FACES_MOJARRA}. */
  FACES_MYFACES(FacesClasses.MYFACES, FacesClasses.MYFACES_VALUES),

  /**
   * PrimeFaces, beside the preset of an implementation of Faces: what its components keep in the
   * state of a view and in that of several views, tree nodes, filters and sort orders.
   */
  PRIMEFACES(PrimeFacesClasses.PRIMEFACES_CLASSES),

  /**
   * CDI with Weld: beans of the scopes session, view and conversation. The classes of the beans are
   * allowed by the application, and so are Weld's proxies of them, as {@code
   * com.example.User$Proxy$_$$_WeldClientProxy}, where one bean holds another one.
   */
  WELD(WeldClasses.SCOPED_BEANS);

  // A copy that nothing can change, which its type does not say.
  @SuppressWarnings("ImmutableEnumChecker")
  private final Set<String> classNames;

  // A copy that nothing can change, which its type does not say.
  @SuppressWarnings("ImmutableEnumChecker")
  private final Set<String> classValues;

  AllowListPreset(Set<String> classNames) {
    this(classNames, Set.of());
  }

  AllowListPreset(Set<String> classNames, Set<String> classValues) {
    this.classNames = Set.copyOf(classNames);
    this.classValues = Set.copyOf(classValues);
  }

  /** Returns the names of the classes that this preset allows; immutable, in no order. */
  public Set<String> classNames() {
    return classNames;
  }

  /** Returns the names of the classes that may themselves be values; hardly any preset has some. */
  Set<String> classValues() {
    return classValues;
  }

  /**
   * Returns the first preset that has a class; empty for a class of the JDK, which is no sign of a
   * framework.
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
