package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.DispatcherType;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("attack 15: a cross-site request that the filter first sees at another dispatch")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ForwardedCrossSiteTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser alice;
  private final AtomicInteger transfers = new AtomicInteger();

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on(
                "/app/transfer",
                (request, response) -> {
                  transfers.incrementAndGet();
                  response.getWriter().print("transferred by " + request.getRemoteUser());
                })
            .on(
                "/open/FORWARD",
                (request, response) ->
                    request.getRequestDispatcher("/app/transfer").forward(request, response))
            .on(
                "/open/INCLUDE",
                (request, response) ->
                    request.getRequestDispatcher("/app/transfer").include(request, response))
            .on(
                "/open/ASYNC",
                (request, response) -> request.startAsync().dispatch("/app/transfer"));
    alice = site.browser();
    alice.get("/login");
  }

  @ParameterizedTest
  @EnumSource(names = {"FORWARD", "INCLUDE", "ASYNC"})
  void isRefused_beforeTheApplicationRuns(DispatcherType type) {
    site.dispatchers(type);

    Browser.Answer answer =
        alice.send(
            "POST", "/open/" + type, "Sec-Fetch-Site", "cross-site", "Origin", "https://x.y");

    assertThat(transfers).hasValue(0);
    assertThat(answer.body()).startsWith("Cross-origin request refused");
    assertThat(answer.status()).isEqualTo(type == DispatcherType.INCLUDE ? 200 : 403);
  }

  @ParameterizedTest
  @EnumSource(names = {"FORWARD", "INCLUDE", "ASYNC"})
  void ownRequest_passes(DispatcherType type) {
    site.dispatchers(type);

    Browser.Answer answer = alice.send("POST", "/open/" + type, "Sec-Fetch-Site", "same-origin");

    assertThat(answer.body()).isEqualTo("transferred by alice");
  }

  @Test
  @DisplayName("what was let pass at the beginning is not looked at again")
  void exemptRequest_mayBeForwarded() {
    site.filters(
        SessionFilter.builder(site.manager)
            .crossOrigin(CrossOriginPolicy.builder().exempt("/open/*").build())
            .build());

    assertThat(alice.send("POST", "/open/FORWARD", "Sec-Fetch-Site", "cross-site").body())
        .isEqualTo("transferred by alice");
  }

  @Test
  @DisplayName("an error page is shown, whichever site made the browser send the request")
  void errorPage_isShown() {
    site.dispatchers(DispatcherType.ERROR);

    assertThat(alice.send("POST", "/nowhere", "Sec-Fetch-Site", "cross-site").body())
        .isEqualTo("error page");
  }
}
