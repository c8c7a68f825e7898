package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.staff.Staff;
import io.coatcheck.test.clients.Visitor;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.provisioning.UserDetailsManager;

@DisplayName("On a separate management port, without the session filter,")
@ExtendWith(OutputCaptureExtension.class)
class ManagementPortTest {

  private static Site start(String context) {
    Site site =
        Site.start(
            Staff.class,
            "coatcheck.store=memory",
            "coatcheck.security.context=" + context,
            "management.server.port=0",
            "management.endpoints.web.exposure.include=*");
    site.bean(UserDetailsManager.class)
        .createUser(User.withUsername("ann").password("{noop}ticket").roles("ADMIN").build());
    return site;
  }

  private static Visitor visitor(Site site) {
    return site.visitor()
        .at(
            "http://localhost:"
                + site.context().getEnvironment().getRequiredProperty("local.management.port"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"session", "principal"})
  @DisplayName("a request with a password is answered")
  void basic(String context) throws Exception {
    try (Site site = start(context)) {
      String password =
          Base64.getEncoder().encodeToString("ann:ticket".getBytes(StandardCharsets.UTF_8));
      Visitor operator = visitor(site).with("Authorization", "Basic " + password);
      HttpResponse<String> answer = operator.get("/actuator/coatcheck?user=ann");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(operator.get("/actuator/health").statusCode()).isEqualTo(200);
    }
  }

  @Test
  @DisplayName("a login by a form is answered, and a warning says that it is not kept as a name")
  void form(CapturedOutput output) throws Exception {
    try (Site site = start("principal")) {
      Visitor operator = visitor(site);
      String page = operator.get("/login").body();
      String token = page.replaceAll("(?s).*name=\"_csrf\"[^>]* value=\"([^\"]*)\".*", "$1");
      HttpResponse<String> answer =
          operator.postWithToken(token, "/login", "username", "ann", "password", "ticket");
      assertThat(answer.statusCode()).isEqualTo(302);
      assertThat(Visitor.location(answer)).doesNotContain("error");
      assertThat(operator.get("/actuator/health").statusCode()).isNotEqualTo(500);
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
      assertThat(output).containsOnlyOnce("No session filter is in front of a request");
    }
  }
}
