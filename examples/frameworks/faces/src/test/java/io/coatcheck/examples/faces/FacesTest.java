package io.coatcheck.examples.faces;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.testkit.AllowListRecorder;
import io.coatcheck.test.log.RecordedLog;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName(
    "Faces with PrimeFaces and Weld: what a user sees is what the container's sessions give")
class FacesTest {

  private static final AllowListPreset IMPLEMENTATION =
      AllowListPreset.valueOf(
          "FACES_" + System.getProperty("faces.implementation").toUpperCase(Locale.ROOT));

  private static final AllowListRecorder CODEC =
      AllowListRecorder.of(FacesSessions.allowList(IMPLEMENTATION));

  private static final String JSESSIONID = "JSESSIONID";
  private static final List<SessionManager> MANAGERS = new ArrayList<>();
  private static final Map<Flow, List<String>> CONTAINERS = new EnumMap<>(Flow.class);

  private static FacesServer server;
  private static RecordedLog coatcheckLog;
  private static RecordedLog weldLog;

  @BeforeAll
  static void start() {
    Map<Store, SessionFilter> filters = new EnumMap<>(Store.class);
    for (Store store : Store.values()) {
      if (store != Store.CONTAINER) {
        SessionManager manager = store.manager(CODEC);
        MANAGERS.add(manager);
        filters.put(store, SessionFilter.builder(manager).build());
      }
    }
    Path webapp = Path.of(System.getProperty("faces.webapp"));
    server = new FacesServer(webapp, List.of(new StoreFilter(filters)));
    coatcheckLog = RecordedLog.of("io.coatcheck");
    weldLog = RecordedLog.of("org.jboss.weld");
  }

  @AfterAll
  static void stop() {
    server.close();
    coatcheckLog.close();
    weldLog.close();
    MANAGERS.forEach(SessionManager::close);
    CODEC.requireComplete();
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("on a store of bytes")
  void copyOnRead(Flow flow) {
    isAsInTheContainer(flow, Store.COPY_ON_READ);
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("in memory")
  @Tag("frameworks")
  void memory(Flow flow) {
    isAsInTheContainer(flow, Store.MEMORY);
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("on H2")
  @Tag("frameworks")
  void h2(Flow flow) {
    isAsInTheContainer(flow, Store.H2);
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("with the near cache")
  @Tag("frameworks")
  void nearCache(Flow flow) {
    isAsInTheContainer(flow, Store.NEAR_CACHE);
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("a logout destroys session-scoped beans")
  void logout_destroysBeans(Store store) {
    Browser browser = new Browser(server.url(), store);
    int before = visitors();
    Page page = browser.click(browser.get("/index.xhtml"), "login:in", "login:name", "ann");
    assertThat(visitors()).isEqualTo(before + 1);

    browser.click(page, "logout:out");

    assertThat(visitors())
        .as("ann left, and the page that follows has a user")
        .isEqualTo(before + 1);
  }

  private static int visitors() {
    String text = new Browser(server.url(), Store.CONTAINER).get("/visitors.xhtml").text();
    return Integer.parseInt(text.replaceAll(".*visitors=(\\d+).*", "$1"));
  }

  @ParameterizedTest
  @EnumSource(names = {"MEMORY", "H2"})
  @DisplayName(
      "without the filter for Weld, beans are in the container's session, and end at a logout")
  void withoutTheFilterForWeld_beansAreInTheContainersSession(Store store) {
    Browser browser = new Browser(server.url(), store).with(StoreFilter.WITHOUT_WELD, "true");
    Page page = browser.get("/index.xhtml");
    assertThat(browser.cookieNames()).contains("__Host-session").doesNotContain(JSESSIONID);
    page = browser.click(page, "login:in", "login:name", "ann");
    assertThat(browser.cookieNames()).contains("__Host-session", JSESSIONID);
    assertThat(browser.get("/index.xhtml").text()).contains("who=ann");
    assertThat(browser.click(page, "shop:add").text()).contains("who=ann", "coat 1");

    page = browser.click(page, "logout:out");

    assertThat(page.text()).contains("who=nobody");
    for (int i = 0; i < 3; i++) {
      assertThat(browser.get("/index.xhtml").text()).contains("who=nobody");
    }
  }

  private static void isAsInTheContainer(Flow flow, Store store) {
    List<String> containers = CONTAINERS.computeIfAbsent(flow, f -> answers(f, Store.CONTAINER));
    coatcheckLog.clear();
    weldLog.clear();

    assertThat(answers(flow, store)).isEqualTo(containers);

    assertThat(coatcheckLog.lines(Level.ERROR)).isEmpty();
    assertThat(weldLog.lines()).isEmpty();
  }

  private static List<String> answers(Flow flow, Store store) {
    Browser browser = new Browser(server.url(), store);
    flow.run(browser);
    assertThat(browser.cookieNames().contains(JSESSIONID)).isEqualTo(store == Store.CONTAINER);
    return browser.transcript();
  }

  @Test
  @DisplayName("the presets name classes that exist")
  void presets_nameClassesThatExist() {
    List<String> names = new ArrayList<>(IMPLEMENTATION.classNames());
    names.addAll(AllowListPreset.PRIMEFACES.classNames());
    names.addAll(AllowListPreset.WELD.classNames());
    // Weld makes these when it needs them first.
    names.removeIf(name -> name.endsWith("_WeldClientProxy"));

    assertThat(names)
        .allSatisfy(name -> Class.forName(name, false, FacesTest.class.getClassLoader()));
  }
}
