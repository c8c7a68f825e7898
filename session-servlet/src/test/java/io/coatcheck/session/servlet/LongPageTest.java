package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpSession;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName(
    "B02: a page that begins its session first, and puts the first value into it at its end")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LongPageTest {

  @Parameter Container container;

  @AutoClose private Site site;

  @ParameterizedTest
  @DisplayName("is helped by a setting, which the message names where it is not set")
  @ValueSource(booleans = {false, true})
  void firstValue_afterTheCommit(boolean storeEmptySessions) {
    AtomicReference<String> message = new AtomicReference<>("");
    site =
        new Site(
                container,
                false,
                UnaryOperator.identity(),
                filter -> filter.storeEmptySessions(storeEmptySessions))
            .on(
                "/page",
                (request, response) -> {
                  HttpSession session = request.getSession();
                  response.getWriter().print("a line of the page\n".repeat(20_000));
                  try {
                    session.setAttribute("form-token", "1");
                  } catch (IllegalStateException e) {
                    message.set(e.getMessage());
                  }
                  response.getWriter().print("the end");
                })
            .on(
                "/token",
                (request, response) ->
                    response.getWriter().print(request.getSession().getAttribute("form-token")));
    Browser browser = site.browser();

    assertThat(browser.get("/page").body()).endsWith("the end");

    if (storeEmptySessions) {
      assertThat(message.get()).isEmpty();
      assertThat(browser.get("/token").body()).isEqualTo("1");
    } else {
      assertThat(message.get())
          .contains("too late to store a new session", "SessionFilterBuilder.storeEmptySessions");
    }
  }
}
