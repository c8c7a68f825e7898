package io.coatcheck.examples.frameworks.spring;

import org.junit.jupiter.api.Test;

/** The flows of a site, as tests: a class for each kind of store implements it. */
interface SpringFlows {

  Site site();

  default boolean keepsBytes() {
    return true;
  }

  @Test
  default void formLogin() throws Exception {
    Flows.formLogin(site());
  }

  @Test
  default void csrf() throws Exception {
    Flows.csrf(site());
  }

  @Test
  default void savedRequest() throws Exception {
    Flows.savedRequest(site());
  }

  @Test
  default void switchUser() throws Exception {
    Flows.switchUser(site());
  }

  @Test
  default void rememberMe() throws Exception {
    Flows.rememberMe(Flows.remembered(site()));
    Flows.rememberMeIsNotFresh(site());
    Flows.rememberMeIsNotFull(Flows.remembered(site()));
  }

  @Test
  default void oneTimeToken() throws Exception {
    Flows.oneTimeToken(site());
  }

  @Test
  default void oauth2Client() throws Exception {
    Flows.oauth2Client(site());
  }

  @Test
  default void oauth2Login() throws Exception {
    Flows.oauth2Login(site());
  }

  @Test
  default void oidcLogin() throws Exception {
    Flows.oidcLogin(site());
  }

  @Test
  default void passkeys() throws Exception {
    if (keepsBytes() && !Flows.HAS_STORABLE_PASSKEYS) {
      Flows.passkeysAreRefused(site());
    } else {
      Flows.passkeyLogin(site(), Flows.registerPasskey(site()));
    }
  }

  @Test
  default void concurrentSessions() throws Exception {
    Flows.concurrentSessions(site());
  }

  @Test
  default void endedSession() throws Exception {
    Flows.endedSession(site());
  }

  @Test
  default void flash() throws Exception {
    Flows.flash(site());
  }

  @Test
  default void sessionAttributes() throws Exception {
    Flows.sessionAttributes(site());
  }

  @Test
  default void sessionScope() throws Exception {
    Flows.sessionScope(site());
  }
}
