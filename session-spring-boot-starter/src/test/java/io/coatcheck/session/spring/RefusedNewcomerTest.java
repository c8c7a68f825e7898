package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@DisplayName("A limit of sessions that refuses new ones")
@ExtendWith(OutputCaptureExtension.class)
class RefusedNewcomerTest {

  @Test
  @DisplayName("refuses logins by the form and by hand, and the user stays out")
  void refused(CapturedOutput output) throws Exception {
    try (Site site =
        Site.start(
            Shop.class,
            "coatcheck.store=memory",
            "coatcheck.sessions-per-user=1",
            "coatcheck.when-full=refuse-newcomer")) {
      Visitor first = site.visitor();
      first.logIn("ann");

      Visitor form = site.visitor();
      HttpResponse<String> refused = form.logIn("ann");
      assertThat(Visitor.location(refused)).endsWith("/login?error");
      assertThat(form.get("/refusal").body()).isEqualTo("the user has as many sessions as allowed");
      assertThat(form.get("/account").statusCode()).isEqualTo(302);

      Visitor byHand = site.visitor();
      byHand.post("/rest-login", "username", "ann");
      assertThat(byHand.get("/account").statusCode()).isEqualTo(302);
      assertThat(output).contains("A login of Spring Security was dropped");

      assertThat(first.get("/account").body()).isEqualTo("ann");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).hasSize(1);
    }
  }
}
