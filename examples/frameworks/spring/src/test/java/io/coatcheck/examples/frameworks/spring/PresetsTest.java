package io.coatcheck.examples.frameworks.spring;

import static io.coatcheck.session.codec.AllowListPreset.SPRING_MVC_FLASH;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_CSRF;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_FORM_LOGIN;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_OAUTH2_CLIENT;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_OAUTH2_LOGIN;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_OIDC_LOGIN;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_ONE_TIME_TOKEN;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_REMEMBER_ME;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_SAVED_REQUEST;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_SWITCH_USER;
import static io.coatcheck.session.codec.AllowListPreset.SPRING_SECURITY_WEBAUTHN;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.test.clients.Passkey;
import io.coatcheck.test.clients.Visitor;
import java.io.Externalizable;
import java.lang.reflect.Method;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.util.ClassUtils;

@DisplayName("Each preset of Spring has the classes that its feature stores, and no others")
@Tag("wide")
class PresetsTest {

  /** What Spring Security 6.5 does not have, or does not put into a session. */
  private static final Set<String> SINCE_SECURITY_7 =
      Set.of(
          "org.springframework.security.authentication.ott.OneTimeTokenAuthentication",
          "org.springframework.security.core.authority.FactorGrantedAuthority",
          "org.springframework.security.core.userdetails.UsernameNotFoundException");

  private static final Set<String> READERS =
      Set.of("readObject", "readObjectNoData", "readResolve", "finalize");

  private static final RecordingCodec CODEC = new RecordingCodec();

  private static Site site;

  interface Flow {
    void run(Site site) throws Exception;
  }

  @BeforeAll
  static void start() throws Exception {
    site = new Site(InMemorySessionStore.builder().copyOnRead(true).build(), CODEC);
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  private static Set<String> stored(Flow flow) throws Exception {
    site.awaitQuiet();
    CODEC.forget();
    flow.run(site);
    site.awaitQuiet();
    return new TreeSet<>(CODEC.missing());
  }

  private static Set<String> classes(AllowListPreset... presets) {
    return Stream.of(presets)
        .flatMap(preset -> preset.classNames().stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * Requires that a flow stores what a preset has, all of it, and else only what the presets have
   * of other features that the flow cannot do without.
   */
  private static void requireExactly(AllowListPreset preset, Flow flow, AllowListPreset... others)
      throws Exception {
    Set<String> stored = stored(flow);
    Set<String> allowed = classes(preset);
    allowed.addAll(classes(others));
    assertThat(stored).as("all that is stored is in a preset").isSubsetOf(allowed);
    requireUsed(preset, stored);
  }

  private static void requireUsed(AllowListPreset preset, Set<String> stored) {
    Set<String> unused = classes(preset);
    unused.removeAll(stored);
    if (!Flows.HAS_SECURITY_7) {
      unused.removeAll(SINCE_SECURITY_7);
    }
    assertThat(unused).as("in the preset of this feature and not stored").isEmpty();
  }

  @Test
  void formLogin() throws Exception {
    requireExactly(
        SPRING_SECURITY_FORM_LOGIN,
        Flows::formLogin,
        SPRING_SECURITY_CSRF,
        SPRING_SECURITY_SAVED_REQUEST);
  }

  @Test
  void csrf() throws Exception {
    requireExactly(
        SPRING_SECURITY_CSRF, Flows::csrf, SPRING_SECURITY_SAVED_REQUEST, SPRING_MVC_FLASH);
  }

  @Test
  void savedRequest() throws Exception {
    requireExactly(
        SPRING_SECURITY_SAVED_REQUEST,
        Flows::savedRequest,
        SPRING_SECURITY_CSRF,
        SPRING_SECURITY_FORM_LOGIN);
  }

  @Test
  void switchUser() throws Exception {
    requireExactly(
        SPRING_SECURITY_SWITCH_USER,
        Flows::switchUser,
        SPRING_SECURITY_FORM_LOGIN,
        SPRING_SECURITY_CSRF);
  }

  @Test
  void rememberMe() throws Exception {
    Visitor bob = Flows.remembered(site);
    requireExactly(SPRING_SECURITY_REMEMBER_ME, ignored -> Flows.rememberMe(bob));
  }

  @Test
  void oneTimeToken() throws Exception {
    requireExactly(SPRING_SECURITY_ONE_TIME_TOKEN, Flows::oneTimeToken, SPRING_SECURITY_CSRF);
  }

  @Test
  void oauth2Client() throws Exception {
    requireExactly(
        SPRING_SECURITY_OAUTH2_CLIENT, Flows::oauth2Client, SPRING_SECURITY_SAVED_REQUEST);
  }

  @Test
  void oauth2Login() throws Exception {
    requireExactly(SPRING_SECURITY_OAUTH2_LOGIN, Flows::oauth2Login, SPRING_SECURITY_CSRF);
  }

  @Test
  void oidcLogin() throws Exception {
    requireExactly(SPRING_SECURITY_OIDC_LOGIN, Flows::oidcLogin, SPRING_SECURITY_CSRF);
  }

  @Test
  void passkeys() throws Exception {
    if (!Flows.HAS_STORABLE_PASSKEYS) {
      Flows.passkeysAreRefused(site);
      return;
    }
    AtomicReference<Passkey> passkey = new AtomicReference<>();
    Set<String> registration = stored(at -> passkey.set(Flows.registerPasskey(at)));
    Set<String> login = stored(at -> Flows.passkeyLogin(at, passkey.get()));
    assertThat(login).isSubsetOf(classes(SPRING_SECURITY_WEBAUTHN, SPRING_SECURITY_CSRF));
    assertThat(registration)
        .isSubsetOf(
            classes(SPRING_SECURITY_WEBAUTHN, SPRING_SECURITY_CSRF, SPRING_SECURITY_FORM_LOGIN));
    registration.addAll(login);
    requireUsed(SPRING_SECURITY_WEBAUTHN, registration);
  }

  @Test
  void flash() throws Exception {
    requireExactly(SPRING_MVC_FLASH, Flows::flash, SPRING_SECURITY_CSRF);
  }

  /** Enumerations before they were enums: each looks up its constant by its name. */
  private static final Set<String> RESOLVE_TO_CONSTANTS =
      Set.of(
          "org.springframework.security.web.webauthn.api.AuthenticatorTransport.readResolve",
          "org.springframework.security.web.webauthn.api.PublicKeyCredentialType.readResolve",
          "org.springframework.security.web.webauthn.api.UserVerificationRequirement.readResolve");

  @Test
  @DisplayName("I12: reading a class of a preset runs no code of it that was not looked through")
  void reading_runsNoUnknownCode() {
    Set<String> run = new TreeSet<>();
    for (AllowListPreset preset : AllowListPreset.values()) {
      for (String name : preset.classNames()) {
        if (name.startsWith("org.springframework.") && ClassUtils.isPresent(name, null)) {
          Class<?> type = ClassUtils.resolveClassName(name, null);
          assertThat(Externalizable.class.isAssignableFrom(type)).as(name).isFalse();
          Stream.of(type.getDeclaredMethods())
              .map(Method::getName)
              .filter(READERS::contains)
              .forEach(method -> run.add(name + "." + method));
        }
      }
    }
    assertThat(run).isSubsetOf(RESOLVE_TO_CONSTANTS);
    if (Flows.HAS_SECURITY_7) {
      assertThat(run).isEqualTo(RESOLVE_TO_CONSTANTS);
    }
  }

  @Test
  void sessionAttributes_needNoPreset() throws Exception {
    Set<String> stored = stored(Flows::sessionAttributes);
    stored.removeAll(classes(SPRING_SECURITY_CSRF));
    assertThat(stored).containsExactly(Draft.class.getName());
  }

  @Test
  void sessionScope_needsNoPreset() throws Exception {
    Set<String> stored = stored(Flows::sessionScope);
    stored.removeAll(classes(SPRING_SECURITY_CSRF, SPRING_SECURITY_FORM_LOGIN));
    assertThat(stored).containsExactly(Cart.class.getName());
  }
}
