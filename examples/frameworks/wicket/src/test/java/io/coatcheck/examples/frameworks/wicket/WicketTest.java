package io.coatcheck.examples.frameworks.wicket;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.frameworks.trial.Browser;
import io.coatcheck.examples.frameworks.trial.Browser.Page;
import io.coatcheck.examples.frameworks.trial.Site;
import io.coatcheck.examples.frameworks.trial.Store;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.testkit.AllowListRecorder;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Wicket answers on our sessions as on the container's")
class WicketTest {

  private static final JavaSerializationCodec CODEC = allowList().build();

  @TempDir private static Path folder;

  private static Map<WicketFlows, List<String>> onTheContainer;

  private static JavaSerializationCodec.Builder allowList() {
    return JavaSerializationCodec.builder()
        .allow(AllowListPreset.WICKET)
        .allow(ShopSession.class)
        .allow(Cart.class);
  }

  @BeforeAll
  static void runOnTheContainer() {
    onTheContainer = run(Store.CONTAINER, CODEC);
  }

  private static Site start(Store store, AttributeCodec codec) {
    return Site.start(store, codec, context -> Shop.register(context, folder));
  }

  private static Map<WicketFlows, List<String>> run(Store store, AttributeCodec codec) {
    Map<WicketFlows, List<String>> answers = new EnumMap<>(WicketFlows.class);
    try (Site site = start(store, codec)) {
      for (WicketFlows flow : WicketFlows.values()) {
        answers.put(flow, flow.run(site));
      }
    }
    return answers;
  }

  @Test
  void flows_inMemory() {
    assertThat(run(Store.MEMORY, CODEC)).isEqualTo(onTheContainer);
  }

  @Tag("frameworks")
  @ParameterizedTest
  @EnumSource(names = {"COPY_ON_READ", "H2", "NEAR_CACHE"})
  void flows_onAStoreOfBytes(Store store) {
    assertThat(run(store, CODEC)).isEqualTo(onTheContainer);
  }

  @ParameterizedTest
  @EnumSource(names = {"CONTAINER", "MEMORY", "COPY_ON_READ"})
  void objectOfSessionAndPage_isSharedInMemoryAlone(Store store) {
    try (Site site = start(store, CODEC)) {
      Browser browser = site.browser();
      Page cart = WicketFlows.click(browser, browser.get("/cart"), "add");
      int ofTheSession = store.keepsBytes() ? 0 : 1;
      assertThat(cart.body())
          .contains("of the page=<span>1</span> of the session=<span>" + ofTheSession + "</span>");
    }
  }

  @Tag("frameworks")
  @Test
  void restart_onADatabase_goesOnWithPagesAndLogin() {
    String url = "jdbc:h2:file:" + folder.resolve("sessions") + ";WRITE_DELAY=0";
    Browser browser;
    Page page;
    try (Site site = restartable(url)) {
      browser = site.browser();
      page = WicketFlows.click(browser, browser.get("/"), "click");
      WicketFlows.logIn(browser, browser.get("/account"), "ticket");
    }
    try (Site site = restartable(url)) {
      browser.visit(site);
      page = WicketFlows.click(browser, page, "click");
      assertThat(page.body()).contains(WicketFlows.clicks(2)).contains("user=<span>ann</span>");
      assertThat(browser.get("/account").body()).contains("account of <span>ann</span>");
    }
  }

  private static Site restartable(String url) {
    return Site.start(Store.h2(url), CODEC, context -> Shop.register(context, folder));
  }

  @Test
  void preset_hasWhatIsStored_andNothingElse() {
    AllowListRecorder recorder =
        AllowListRecorder.of(
            JavaSerializationCodec.builder().allow(ShopSession.class).allow(Cart.class));
    assertThat(run(Store.COPY_ON_READ, recorder)).isEqualTo(onTheContainer);
    assertThat(recorder.missing())
        .containsExactlyInAnyOrderElementsOf(AllowListPreset.WICKET.classNames());
  }
}
