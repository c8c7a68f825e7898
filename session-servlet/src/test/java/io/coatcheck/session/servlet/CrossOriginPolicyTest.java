package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.CrossOriginPolicy.Refusal.FOREIGN_ORIGIN;
import static io.coatcheck.session.servlet.CrossOriginPolicy.Refusal.FOREIGN_SITE;
import static io.coatcheck.session.servlet.CrossOriginPolicy.Refusal.NO_ORIGIN;
import static io.coatcheck.session.servlet.CrossOriginPolicy.Refusal.REPEATED_HEADER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.coatcheck.session.servlet.CrossOriginPolicy.Presented;
import io.coatcheck.session.servlet.CrossOriginPolicy.Refusal;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CrossOriginPolicyTest {

  private static final String OWN = "https://shop.example";
  private static final String EVIL = "https://evil.example";
  private static final String PARTNER = "https://partner.example";

  private static final CrossOriginPolicy DEFAULTS = CrossOriginPolicy.defaults();
  private static final CrossOriginPolicy TRUSTING =
      CrossOriginPolicy.builder().trustedOrigin(PARTNER).build();

  @Nested
  class Methods {

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD", "OPTIONS"})
    void safe_passes(String method) {
      assertThat(DEFAULTS.decide(crossSite(method))).isNull();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "POST",
          "PUT",
          "PATCH",
          "DELETE",
          "TRACE",
          "CONNECT",
          "PROPFIND",
          "get",
          "",
          "X"
        })
    void anyOther_isRefused(String method) {
      assertThat(DEFAULTS.decide(crossSite(method))).isEqualTo(FOREIGN_SITE);
    }

    @Test
    void webSocketHandshake_isLookedAt() {
      Presented foreign = new Presented("GET", true, List.of(), List.of(EVIL), OWN);
      Presented own = new Presented("GET", true, List.of(), List.of(OWN), OWN);
      assertThat(DEFAULTS.decide(foreign)).isEqualTo(FOREIGN_ORIGIN);
      assertThat(DEFAULTS.decide(own)).isNull();
    }

    private Presented crossSite(String method) {
      return new Presented(method, false, List.of("cross-site"), List.of(EVIL), OWN);
    }
  }

  @Nested
  class FetchMetadata {

    @ParameterizedTest
    @ValueSource(strings = {"same-origin", "none"})
    void own_passes_whateverTheOrigin(String site) {
      assertThat(DEFAULTS.decide(post(List.of(site), List.of()))).isNull();
      assertThat(DEFAULTS.decide(post(List.of(site), List.of("null")))).isNull();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"same-site", "cross-site", "", "Same-Origin", " none", "none, none", "x", "\0"})
    void anythingElse_isRefused_evenFromOwnOrigin(String site) {
      assertThat(DEFAULTS.decide(post(List.of(site), List.of()))).isEqualTo(FOREIGN_SITE);
      assertThat(DEFAULTS.decide(post(List.of(site), List.of(OWN)))).isEqualTo(FOREIGN_SITE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"same-site", "cross-site"})
    void trustedOrigin_passes(String site) {
      assertThat(TRUSTING.decide(post(List.of(site), List.of(PARTNER)))).isNull();
      assertThat(TRUSTING.decide(post(List.of(site), List.of(EVIL)))).isEqualTo(FOREIGN_SITE);
      assertThat(TRUSTING.decide(post(List.of(site), List.of("null")))).isEqualTo(FOREIGN_SITE);
      assertThat(TRUSTING.decide(post(List.of(site), List.of()))).isEqualTo(FOREIGN_SITE);
    }

    @Test
    void repeatedHeader_isRefused() {
      assertThat(TRUSTING.decide(post(List.of("none", "none"), List.of())))
          .isEqualTo(REPEATED_HEADER);
      assertThat(TRUSTING.decide(post(List.of("same-origin"), List.of(OWN, OWN))))
          .isEqualTo(REPEATED_HEADER);
      assertThat(TRUSTING.decide(post(List.of(), List.of(PARTNER, PARTNER))))
          .isEqualTo(REPEATED_HEADER);
    }
  }

  @Nested
  class OriginAlone {

    @Test
    void own_passes() {
      assertThat(DEFAULTS.decide(post(List.of(), List.of(OWN)))).isNull();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          EVIL,
          "null",
          "",
          "http://shop.example",
          "https://shop.example:8443",
          "https://shop.example:443",
          "https://shop.example/",
          "https://shop.example.evil.example",
          "https://evil.example#https://shop.example",
          "https://shop.example@evil.example",
          "https://shop.example https://evil.example",
          "https://shop.example, https://evil.example",
          " https://shop.example",
          "HTTPS://SHOP.EXAMPLE",
          "shop.example",
          "//shop.example",
          "\0",
        })
    void anyOther_isRefused(String origin) {
      assertThat(DEFAULTS.decide(post(List.of(), List.of(origin)))).isEqualTo(FOREIGN_ORIGIN);
    }

    @Test
    void trusted_passes() {
      assertThat(TRUSTING.decide(post(List.of(), List.of(PARTNER)))).isNull();
      assertThat(TRUSTING.decide(post(List.of(), List.of(EVIL)))).isEqualTo(FOREIGN_ORIGIN);
    }

    @Test
    void publicOrigin_takesThePlaceOfHost() {
      CrossOriginPolicy behindProxy =
          CrossOriginPolicy.builder()
              .publicOrigin(OWN)
              .publicOrigin("https://www.shop.example")
              .build();
      String internal = "http://10.0.0.7:8080";
      for (String origin : List.of(OWN, "https://www.shop.example")) {
        assertThat(behindProxy.decide(post(List.of(), List.of(origin), internal))).isNull();
      }
      assertThat(behindProxy.decide(post(List.of(), List.of(internal), internal)))
          .isEqualTo(FOREIGN_ORIGIN);
      assertThat(behindProxy.decide(post(List.of("same-site"), List.of(OWN), internal)))
          .as("for a browser that says more, the public origin is not a trusted one")
          .isEqualTo(FOREIGN_SITE);
    }

    @Test
    void neitherHeader_passes_unlessStrict() {
      assertThat(DEFAULTS.decide(post(List.of(), List.of()))).isNull();
      CrossOriginPolicy strict = CrossOriginPolicy.builder().strict(true).build();
      assertThat(strict.decide(post(List.of(), List.of()))).isEqualTo(NO_ORIGIN);
      assertThat(strict.decide(post(List.of(), List.of(OWN)))).isNull();
      assertThat(strict.decide(post(List.of("none"), List.of()))).isNull();
      assertThat(strict.decide(new Presented("GET", false, List.of(), List.of(), OWN))).isNull();
    }
  }

  @Nested
  class Requests {

    @ParameterizedTest
    @CsvSource({
      "https, shop.example, 443, https://shop.example",
      "https, Shop.Example, 8443, https://shop.example:8443",
      "http, localhost, 8080, http://localhost:8080",
      "http, localhost, 80, http://localhost",
      "https, shop.example, 80, https://shop.example:80",
      "http, ::1, 8080, http://[::1]:8080",
      "http, [::1], 80, http://[::1]",
      "https, shop.example, -1, https://shop.example",
    })
    void addressedTo_isWrittenAsBrowsersDo(String scheme, String host, int port, String origin) {
      assertThat(WebOrigin.of(scheme, host, port)).isEqualTo(origin);
    }

    @Test
    void refuses_goesByTheRequest() {
      HttpServletRequest own = request("/pay", "Origin", "http://localhost:8080");
      HttpServletRequest foreign = request("/pay", "Origin", EVIL);
      assertThat(DEFAULTS.refuses(own)).isEmpty();
      assertThat(DEFAULTS.refuses(foreign)).contains(FOREIGN_ORIGIN);
      assertThat(CrossOriginPolicy.off().refuses(foreign)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"websocket", "WebSocket", "h2c, websocket"})
    void refuses_webSocketHandshake(String upgrade) {
      HttpServletRequest request = request("/feed", "Origin", EVIL);
      when(request.getMethod()).thenReturn("GET");
      assertThat(DEFAULTS.refuses(request)).isEmpty();
      when(request.getHeader("Upgrade")).thenReturn("h2c");
      when(request.getHeaders("Upgrade"))
          .thenAnswer(call -> Collections.enumeration(List.of("h2c", upgrade)));
      assertThat(DEFAULTS.refuses(request)).contains(FOREIGN_ORIGIN);
    }

    @Test
    void exemptPath_passes_unlessItsUriIsAmbiguous() {
      CrossOriginPolicy policy = CrossOriginPolicy.builder().exempt("/webhooks/*").build();
      HttpServletRequest request = request("/webhooks/a", "Sec-Fetch-Site", "cross-site");
      assertThat(policy.refuses(request)).isEmpty();
      when(request.getRequestURI()).thenReturn("/webhooks/..;/pay");
      assertThat(policy.refuses(request)).contains(FOREIGN_SITE);
      assertThat(policy.refuses(request("/pay", "Sec-Fetch-Site", "cross-site")))
          .contains(FOREIGN_SITE);
    }

    private HttpServletRequest request(String path, String header, String value) {
      HttpServletRequest request = mock(HttpServletRequest.class);
      when(request.getMethod()).thenReturn("POST");
      when(request.getScheme()).thenReturn("http");
      when(request.getServerName()).thenReturn("localhost");
      when(request.getServerPort()).thenReturn(8080);
      when(request.getRequestURI()).thenReturn(path);
      when(request.getServletPath()).thenReturn(path);
      when(request.getHeaders(anyString())).thenAnswer(call -> Collections.emptyEnumeration());
      when(request.getHeaders(header)).thenAnswer(call -> Collections.enumeration(List.of(value)));
      return request;
    }
  }

  @Nested
  class Configuration {

    @ParameterizedTest
    @ValueSource(
        strings = {
          "https://app.example",
          "http://localhost:5173",
          "http://[::1]:3000",
          "https://app.example:80",
          "capacitor://localhost",
          "https://xn--bcher-kva.example",
        })
    void origin_asBrowsersSendIt(String origin) {
      CrossOriginPolicy policy =
          CrossOriginPolicy.builder().trustedOrigin(origin).publicOrigin(origin).build();
      assertThat(policy.decide(post(List.of("cross-site"), List.of(origin)))).isNull();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "null",
          "*",
          "https://*.example",
          "app.example",
          "//app.example",
          "https://",
          "https://app.example/",
          "https://app.example/path",
          "https://app.example?q",
          "https://user@app.example",
          "https://app.example:",
          "https://app.example:443",
          "http://app.example:80",
          "https://app.example:0",
          "https://app.example:65536",
          "https://app.example:08443",
          "https://App.example",
          "HTTPS://app.example",
          "https://app.example ",
          "https://app..example",
          "https://bücher.example",
          "https://app.example\n",
        })
    void origin_otherwise_isRefusedWithSettingRuleAndValue(String origin) {
      assertThatThrownBy(() -> CrossOriginPolicy.builder().trustedOrigin(origin))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("trustedOrigin must be an origin as browsers send it")
          .hasMessageEndingWith(": " + origin);
      assertThatThrownBy(() -> CrossOriginPolicy.builder().publicOrigin(origin))
          .hasMessageStartingWith("publicOrigin must be");
    }

    @Test
    void exempt_isChecked() {
      assertThatThrownBy(() -> CrossOriginPolicy.builder().exempt("*.json"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("exempt must be a path");
    }

    @ParameterizedTest
    @EnumSource(Refusal.class)
    void message_namesTheRule(Refusal refusal) {
      assertThat(refusal.message()).startsWith("Cross-origin request refused: ").endsWith(".");
    }
  }

  private static Presented post(List<String> sites, List<String> origins) {
    return post(sites, origins, OWN);
  }

  private static Presented post(List<String> sites, List<String> origins, String addressedTo) {
    return new Presented("POST", false, sites, origins, addressedTo);
  }
}
