package io.coatcheck.examples.frameworks.wicket;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.frameworks.trial.Browser;
import io.coatcheck.examples.frameworks.trial.Browser.Page;
import io.coatcheck.examples.frameworks.trial.Site;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What people do in the shop. Each flow returns all that the browser was answered. */
enum WicketFlows {
  STATEFUL_PAGE {
    @Override
    void run(Browser browser) {
      Page page = browser.get("/");
      page = click(browser, page, "click");
      page = click(browser, page, "click");
      assertThat(page.body()).contains(clicks(2));
      assertThat(browser.get(page.path()).body()).contains(clicks(2));
    }
  },

  AJAX {
    @Override
    void run(Browser browser) {
      Page page = browser.get("/");
      Browser script = browser.with("Wicket-Ajax", "true").with("Wicket-Ajax-BaseURL", "?0");
      assertThat(script.get(ajaxUrl(page)).body())
          .contains("<ajax-response>")
          .contains(">1</span>");
      assertThat(script.get(ajaxUrl(page)).body()).contains(">2</span>");
    }
  },

  FORM {
    @Override
    void run(Browser browser) {
      Page page = browser.get("/");
      page = browser.post(action(page), "note", "");
      assertThat(page.body()).contains("is required");
      page = browser.post(action(page), "note", "a red coat");
      assertThat(page.body()).contains("noted a red coat");
      assertThat(browser.get("/").body()).doesNotContain("noted");
    }
  },

  LOGIN {
    @Override
    void run(Browser browser) {
      Page home = click(browser, browser.get("/"), "click");
      Page login = browser.get("/account");
      assertThat(login.path()).startsWith("/login");
      login = logIn(browser, login, "wrong");
      assertThat(login.body()).contains("wrong password");
      login = browser.post("/account", "of", "ann");
      Page account = logIn(browser, login, "ticket");
      assertThat(account.path()).startsWith("/account");
      assertThat(account.body()).contains("account of <span>ann</span>");
      assertThat(click(browser, home, "click").body()).contains(clicks(2));
      assertThat(click(browser, account, "log out").body()).contains("user=<span>nobody</span>");
      assertThat(browser.get("/account").path()).startsWith("/login");
      click(browser, account, "log out");
      assertThat(browser.get("/account").path()).startsWith("/login");
    }
  },

  BACK_BUTTON {
    @Override
    void run(Browser browser) {
      Page first = click(browser, browser.get("/"), "click");
      Page second = click(browser, first, "click");
      assertThat(second.body()).contains(clicks(2));
      browser.get(first.path());
      click(browser, first, "click");
    }
  },

  TWO_TABS {
    @Override
    void run(Browser browser) {
      Page left = browser.get("/");
      Page right = browser.get("/");
      left = click(browser, left, "click");
      left = click(browser, left, "click");
      right = click(browser, right, "click");
      assertThat(left.body()).contains(clicks(2));
      assertThat(right.body()).contains(clicks(1));
      assertThat(click(browser, left, "click").body()).contains(clicks(3));
    }
  },

  WIZARD {
    @Override
    void run(Browser browser) {
      Page page = browser.get("/order");
      page = browser.post(action(page), "view:coat", "", "buttons:next", "Next >");
      assertThat(page.body()).contains("is required");
      page = browser.post(action(page), "view:coat", "green", "buttons:next", "Next >");
      assertThat(page.body()).contains("confirm <span>green</span>");
      page = browser.post(action(page), "buttons:previous", "< Previous");
      assertThat(page.body()).contains("value=\"green\"");
      page = browser.post(action(page), "view:coat", "blue", "buttons:next", "Next >");
      page = browser.post(action(page), "buttons:finish", "Finish");
      assertThat(page.body()).contains("ordered a blue coat");
    }
  };

  private static final Pattern ACTION = Pattern.compile("action=\"([^\"]+)\"");
  private static final Pattern AJAX_URL = Pattern.compile("\"u\":\"([^\"]+)\"");

  abstract void run(Browser browser);

  /** Returns all that the browser was answered, without what is random. */
  List<String> run(Site site) {
    Browser browser = site.browser();
    run(browser);
    List<String> answers = new ArrayList<>(browser.transcript());
    answers.replaceAll(answer -> answer.replaceAll("nonce=\"[^\"]*\"", "nonce"));
    return answers;
  }

  static String clicks(int clicks) {
    return "clicks=<span>" + clicks + "</span>";
  }

  static Page click(Browser browser, Page page, String link) {
    return browser.get(find(page, Pattern.compile("href=\"([^\"]+)\">" + link + "<")));
  }

  static Page logIn(Browser browser, Page login, String password) {
    return browser.post(action(login), "p::name", "ann", "password", password);
  }

  static String action(Page page) {
    return find(page, ACTION);
  }

  private static String ajaxUrl(Page page) {
    return find(page, AJAX_URL);
  }

  private static String find(Page page, Pattern target) {
    Matcher found = target.matcher(page.body());
    assertThat(found.find()).as(target + " in " + page).isTrue();
    return URI.create(page.path()).resolve(found.group(1).replace("&amp;", "&")).toString();
  }
}
