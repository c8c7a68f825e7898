package io.coatcheck.examples.faces;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Consumer;

/** What a user does; each flow by a client without cookies. */
enum Flow {
  LOGIN_AND_LOGOUT(Flow::logInAndOut),
  REFUSED_INPUT(Flow::refusedInput),
  SESSION_SCOPED(Flow::sessionScoped),
  VIEW_SCOPED(Flow::viewScoped),
  AJAX(Flow::ajax),
  TWO_TABS(Flow::twoTabs),
  BACK_BUTTON(Flow::backButton),
  CONVERSATION(Flow::conversation),
  LOGOUT_IN_A_CONVERSATION(Flow::logOutInAConversation),
  STALE_TAB(Flow::staleTab),
  PRIMEFACES(Flow::primeFaces);

  private static final String INDEX = "/index.xhtml";

  // A reference to one of the methods below, which its type does not say.
  @SuppressWarnings("ImmutableEnumChecker")
  private final Consumer<Browser> steps;

  Flow(Consumer<Browser> steps) {
    this.steps = steps;
  }

  void run(Browser browser) {
    steps.accept(browser);
  }

  private static Page logIn(Browser browser, String name) {
    return browser.click(browser.get(INDEX), "login:in", "login:name", name);
  }

  private static void shows(Page page, String... texts) {
    assertThat(page.text()).as("%s, %s", page.path(), page.status()).contains(texts);
  }

  private static void logInAndOut(Browser browser) {
    shows(browser.get(INDEX), "who=nobody");
    Page page = logIn(browser, "ann");
    shows(page, "who=ann", "note=Welcome, ann");
    shows(browser.get(INDEX), "who=ann");
    page = browser.click(browser.get(INDEX), "logout:out");
    shows(page, "who=nobody");
    for (int i = 0; i < 3; i++) {
      shows(browser.get(INDEX), "who=nobody");
    }
    page = logIn(browser, "bob");
    shows(page, "who=bob", "note=Welcome, bob");
    assertThat(page.text()).doesNotContain("coat 1");
  }

  private static void refusedInput(Browser browser) {
    Page page = browser.click(browser.get(INDEX), "login:in", "login:name", "");
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.text()).contains("who=nobody").containsIgnoringCase("required");
    shows(browser.click(page, "login:in", "login:name", "ann"), "who=ann");
  }

  private static void sessionScoped(Browser browser) {
    Page page = logIn(browser, "ann");
    page = browser.click(page, "shop:add");
    page = browser.click(page, "shop:add");
    shows(page, "coat 1", "coat 2");
    shows(browser.get(INDEX), "who=ann", "coat 1", "coat 2");
    page = browser.click(page, "logout:out");
    page = browser.click(page, "shop:add");
    shows(page, "coat 1");
    assertThat(page.text()).doesNotContain("coat 2");
  }

  private static void viewScoped(Browser browser) {
    Page page = browser.get("/rows.xhtml");
    for (int i = 1; i <= 4; i++) {
      page = browser.click(page, "form:more");
      shows(page, "count=" + i, i + ":");
    }
    shows(browser.get("/rows.xhtml"), "count=0");
  }

  private static void ajax(Browser browser) {
    Page page = browser.get("/rows.xhtml");
    for (int i = 1; i <= 3; i++) {
      more(browser, page);
      shows(page, "count=" + i, i + ":");
    }
    shows(browser.click(page, "form:more"), "count=4");
  }

  private static void more(Browser browser, Page page) {
    browser.ajax(
        page,
        "form:ajax",
        "form:panel",
        "jakarta.faces.behavior.event",
        "action",
        "jakarta.faces.partial.event",
        "click");
  }

  private static void twoTabs(Browser browser) {
    Page first = browser.get("/rows.xhtml");
    Page second = browser.get("/rows.xhtml");
    first = browser.click(first, "form:more");
    more(browser, second);
    more(browser, second);
    first = browser.click(first, "form:more");
    first = browser.click(first, "form:more");
    shows(first, "count=3");
    shows(second, "count=2");
  }

  /** The older page is sent once more, with the state that it had. */
  private static void backButton(Browser browser) {
    Page first = logIn(browser, "ann");
    Page second = browser.click(first, "shop:add");
    browser.click(second, "shop:add");
    shows(browser.click(first, "shop:add"), "coat 3");
    Page rows = browser.get("/rows.xhtml");
    Page more = browser.click(rows, "form:more");
    browser.click(more, "form:more");
    shows(browser.click(rows, "form:more"), "count=3");
  }

  private static void conversation(Browser browser) {
    Page one = browser.click(browser.get("/order.xhtml"), "form:add", "form:item", "hat");
    shows(one, "conversation=1", "hat");
    Page two = browser.click(browser.get("/order.xhtml"), "form:add", "form:item", "scarf");
    shows(two, "conversation=2", "scarf");
    one = browser.click(one, "form:add", "form:item", "cap");
    shows(one, "conversation=1", "hat", "cap");
    assertThat(one.text()).doesNotContain("scarf");
    shows(browser.get("/order.xhtml?cid=2"), "conversation=2", "scarf");
    Page end = browser.click(one, "form:finish");
    assertThat(end.text()).contains("conversation=none").doesNotContain("hat");
    assertThat(browser.get("/order.xhtml?cid=1").status()).isEqualTo(500);
    shows(browser.get("/order.xhtml?cid=2"), "scarf");
  }

  private static void logOutInAConversation(Browser browser) {
    logIn(browser, "ann");
    browser.click(browser.get("/order.xhtml"), "form:add", "form:item", "hat");
    Page page = browser.click(browser.get("/index.xhtml?cid=1"), "logout:out");
    shows(page, "who=nobody");
    assertThat(browser.get("/order.xhtml").text()).contains("conversation=none");
  }

  /** One tab is open while another one logs out. */
  private static void staleTab(Browser browser) {
    Page stale = logIn(browser, "ann");
    Page other = browser.get(INDEX);
    browser.click(other, "logout:out");
    Page answer = browser.click(stale, "shop:add");
    assertThat(answer.status()).isEqualTo(500);
    shows(answer, "has expired", "who=nobody");
    shows(browser.get(INDEX), "who=nobody");
  }

  private static void primeFaces(Browser browser) {
    Page page = browser.get("/coats.xhtml");
    shows(page, "Parka", "size=M");
    String table = "form:table";
    browser.ajax(
        page,
        table,
        table,
        table + "_pagination",
        "true",
        table + "_first",
        "3",
        table + "_rows",
        "3",
        table + "_skipChildren",
        "true",
        table + "_encodeFeature",
        "true");
    browser.ajax(
        page,
        table,
        table,
        table + "_sorting",
        "true",
        table + "_sortKey",
        "form:table:price",
        table + "_sortDir",
        "-1",
        table + "_skipChildren",
        "true",
        table + "_encodeFeature",
        "true");
    browser.ajax(
        page,
        table,
        table,
        table + "_filtering",
        "true",
        table + ":name:filter",
        "P",
        table + "_skipChildren",
        "true",
        table + "_encodeFeature",
        "true");
    browser.ajax(
        page,
        table,
        "form",
        table + "_instantSelectedRowKey",
        "Parka",
        table + "_selection",
        "Parka",
        "jakarta.faces.behavior.event",
        "rowSelect",
        "jakarta.faces.partial.event",
        "rowSelect");
    browser.ajax(
        page,
        "form:tabs",
        "form:tabs",
        "form:tabs_newTab",
        "form:tabs:kinds",
        "form:tabs_tabindex",
        "1",
        "form:tabs_activeIndex",
        "1",
        "jakarta.faces.behavior.event",
        "tabChange",
        "jakarta.faces.partial.event",
        "tabChange");
    String tree = "form:tabs:tree";
    browser.ajax(
        page,
        "form",
        "form",
        "jakarta.faces.source",
        tree,
        tree + "_expandNode",
        "0",
        "jakarta.faces.behavior.event",
        "expand",
        "jakarta.faces.partial.event",
        "expand");
    browser.ajax(
        page,
        "form",
        "form",
        "jakarta.faces.source",
        tree,
        tree + "_instantSelection",
        "0_0",
        tree + "_selection",
        "0_0",
        "jakarta.faces.behavior.event",
        "select",
        "jakarta.faces.partial.event",
        "select");
    browser.ajax(
        page,
        "form:order",
        "form",
        "form:tabs:size_input",
        "L",
        "form:tabs:day_input",
        "2026-03-04");
    shows(page, "Ordered");
    page = browser.click(page, "form:reload");
    shows(page, "Ordered");
  }
}
