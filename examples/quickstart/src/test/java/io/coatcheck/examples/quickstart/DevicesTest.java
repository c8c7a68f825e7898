package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DevicesTest extends Site {

  @Test
  void list_marksTheCurrentOne() throws Exception {
    Browser laptop = bob();
    laptop.post("/logout-others");
    Browser phone = browser().with("User-Agent", "Phone/1.0");
    phone.logIn("bob", "builder-1");
    String devices = phone.get("/devices").body();
    assertThat(devices).startsWith("[{").endsWith("}]").containsOnlyOnce("\"current\":true");
    List<String> each = List.of(devices.split("\\},\\{"));
    assertThat(each)
        .hasSize(2)
        .anyMatch(
            device ->
                device.contains("\"current\":true")
                    && device.contains("\"userAgent\":\"Phone/1.0\"")
                    && device.contains("\"clientAddress\":\"127.0.0.1\""))
        .anyMatch(device -> device.contains("\"current\":false"));
    assertThat(devices).contains(sessionId(phone), sessionId(laptop));
    assertThat(phone.get("/").body())
        .contains("<span title=\"Phone/1.0\">Unknown browser</span> <strong>(this one)</strong>");
  }

  @Test
  void page_namesTheDevice() throws Exception {
    String agent =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
            + " Chrome/142.0.0.0 Safari/537.36";
    Browser browser = browser().with("User-Agent", agent);
    browser.logIn("alice", "wonderland-1");
    assertThat(browser.get("/").body())
        .contains("<span title=\"" + agent + "\">Chrome on Linux</span>");
    assertThat(browser.get("/devices").body()).contains("\"device\":\"Chrome on Linux\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0 | Firefox on Windows
          Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1 | Safari on iPhone
          Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36 | Chrome on Android
          Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15 | Safari on Mac OS X
          Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0 | Edge on Windows
          Mozilla/5.0 (X11; Linux x86_64) Unheard/1.0 | Unknown browser on Linux
          '' | Unknown browser
          """)
  void name_isAsKnownAsThePartsAre(String agent, String name) {
    assertThat(DeviceNames.of(Optional.of(agent))).isEqualTo(name);
  }

  @Test
  void revoke_endsTheOtherOne_onItsNextRequest() throws Exception {
    Browser laptop = alice();
    Browser phone = alice();
    assertBackToPage(laptop.post("/devices/" + sessionId(phone) + "/revoke"));
    assertThat(statusOfMe(phone)).isEqualTo(401);
    assertThat(statusOfMe(laptop)).isEqualTo(200);
  }

  @Test
  void revoke_itself_logsOut() throws Exception {
    Browser browser = alice();
    Browser thief = browser.copy();
    assertBackToPage(browser.post("/devices/" + sessionId(browser) + "/revoke"));
    assertThat(browser.hasCookie()).isFalse();
    assertThat(statusOfMe(thief)).isEqualTo(401);
  }

  /** I17. */
  @Test
  void revoke_whatIsNotTheirs_isAnsweredAlike_andDoesNothing() throws Exception {
    Browser alice = alice();
    Browser bob = bob();
    for (String id : List.of(sessionId(alice), ABSENT_ID, "malformed", "%3Cscript%3E")) {
      HttpResponse<String> answer = bob.post("/devices/" + id + "/revoke");
      assertBackToPage(answer);
      assertThat(answer.body()).isEmpty();
      assertThat(answer.headers().allValues("Set-Cookie")).isEmpty();
    }
    assertThat(statusOfMe(alice)).isEqualTo(200);
  }

  /** Otherwise one user could fill the store, and then no other could log in. */
  @Test
  @Tag("long")
  void logins_ofOneUser_areBounded() throws Exception {
    Browser first = bob();
    Browser last = first;
    for (int i = 0; i < 20; i++) {
      last = bob();
    }
    assertThat(last.get("/devices").body().split("\\},\\{")).hasSize(20);
    assertThat(statusOfMe(first)).isEqualTo(401);
    assertThat(statusOfMe(last)).isEqualTo(200);
  }

  @Test
  void logoutOthers_leavesThisOne() throws Exception {
    Browser first = alice();
    Browser second = alice();
    assertBackToPage(second.post("/logout-others"));
    assertThat(statusOfMe(first)).isEqualTo(401);
    assertThat(statusOfMe(second)).isEqualTo(200);
  }

  @Test
  void logoutEverywhere_leavesNone() throws Exception {
    Browser first = alice();
    Browser second = alice();
    Browser thief = second.copy();
    Browser bob = bob();
    assertBackToPage(second.post("/logout-everywhere"));
    assertThat(second.hasCookie()).isFalse();
    assertThat(statusOfMe(first)).isEqualTo(401);
    assertThat(statusOfMe(thief)).isEqualTo(401);
    assertThat(statusOfMe(bob)).isEqualTo(200);
  }

  @Test
  void withoutLogin_peopleAreSentToThePage_andCallersGet401() throws Exception {
    String revoke = "/devices/" + ABSENT_ID + "/revoke";
    for (String path : List.of("/logout-others", "/logout-everywhere", revoke)) {
      assertThat(browser().post(path).statusCode()).isEqualTo(401);
      assertBackToPage(browser().with("Accept", "text/html").post(path));
    }
  }
}
