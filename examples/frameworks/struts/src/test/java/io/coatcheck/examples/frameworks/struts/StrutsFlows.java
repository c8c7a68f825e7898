package io.coatcheck.examples.frameworks.struts;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.frameworks.trial.Browser;
import io.coatcheck.examples.frameworks.trial.Browser.Page;
import io.coatcheck.examples.frameworks.trial.Site;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What people do in the shop. Each flow returns all that the browser was answered. */
enum StrutsFlows {
  TOKEN {
    @Override
    void run(Browser browser) {
      String token = token(browser.get("/shop"));
      assertThat(order(browser, "/order", token)).contains("orders=1");
      assertThat(order(browser, "/order", token)).contains("sent twice");
      assertThat(order(browser, "/order", token(browser.get("/shop")))).contains("orders=2");
    }
  },

  TOKEN_SESSION {
    @Override
    void run(Browser browser) {
      String token = token(browser.get("/shop"));
      assertThat(order(browser, "/orderOnce", token)).contains("by now 1");
      assertThat(order(browser, "/orderOnce", token)).containsAnyOf("by now 1", "sent twice");
      assertThat(browser.get("/shop").body()).contains("orders=1");
    }
  },

  MESSAGES {
    @Override
    void run(Browser browser) {
      browser.get("/shop");
      assertThat(browser.post("/say", "text", "thanks").body()).contains("message said thanks");
      assertThat(browser.get("/said").body()).doesNotContain("thanks");
      assertThat(browser.post("/say", "text", "").body())
          .contains("error nothing said")
          .contains("field text is missing");
      assertThat(browser.get("/said").body()).doesNotContain("missing");
    }
  },

  NEW_SESSION {
    @Override
    void run(Browser browser) {
      order(browser, "/order", token(browser.get("/shop")));
      order(browser, "/order", token(browser.get("/shop")));
      assertThat(browser.get("/anew").body()).contains("orders=1");
      assertThat(browser.get("/shop").body()).contains("orders=1");
    }
  },

  LANGUAGE {
    @Override
    void run(Browser browser) {
      assertThat(browser.get("/shop?request_locale=de").body()).contains("language=de");
      assertThat(browser.get("/shop").body()).contains("language=de");
    }
  };

  private static final Pattern TOKEN_FIELD = Pattern.compile("name=\"token\" value=\"(\\w+)\"");

  abstract void run(Browser browser);

  /** Returns all that the browser was answered, without what is random. */
  List<String> run(Site site) {
    Browser browser = site.browser();
    run(browser);
    List<String> answers = new ArrayList<>(browser.transcript());
    answers.replaceAll(answer -> TOKEN_FIELD.matcher(answer).replaceAll("a token"));
    return answers;
  }

  static String token(Page page) {
    Matcher field = TOKEN_FIELD.matcher(page.body());
    assertThat(field.find()).as(page.body()).isTrue();
    return field.group(1);
  }

  static String order(Browser browser, String action, String token) {
    return browser.post(action, "struts.token.name", "token", "token", token).body();
  }
}
