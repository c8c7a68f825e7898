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

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;

/** The application. */
@SpringBootApplication
public class Shop {

  /** The classes that may be in a session: those of the features that are used, and our own. */
  static AttributeCodec codec() {
    return JavaSerializationCodec.builder()
        .allow(
            SPRING_SECURITY_FORM_LOGIN,
            SPRING_SECURITY_SWITCH_USER,
            SPRING_SECURITY_CSRF,
            SPRING_SECURITY_SAVED_REQUEST,
            SPRING_SECURITY_REMEMBER_ME,
            SPRING_SECURITY_ONE_TIME_TOKEN,
            SPRING_SECURITY_WEBAUTHN,
            SPRING_SECURITY_OAUTH2_CLIENT,
            SPRING_SECURITY_OAUTH2_LOGIN,
            SPRING_SECURITY_OIDC_LOGIN,
            SPRING_MVC_FLASH)
        .allow(Cart.class)
        .allow(Draft.class)
        .build();
  }

  public static void main(String[] arguments) {
    new SpringApplicationBuilder(Shop.class)
        .initializers(
            sessionsIn(InMemorySessionStore.builder().maximumSessions(10_000).build(), codec()))
        .run(arguments);
  }

  /** Keeps the sessions in a store, which is closed with the application. */
  static ApplicationContextInitializer<GenericApplicationContext> sessionsIn(
      SessionStore store, AttributeCodec codec) {
    return beans -> {
      beans.registerBean(SessionStore.class, () -> store);
      beans.registerBean(AttributeCodec.class, () -> codec);
    };
  }
}
