package io.coatcheck.examples.frameworks.struts;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.frameworks.trial.Browser;
import io.coatcheck.examples.frameworks.trial.Site;
import io.coatcheck.examples.frameworks.trial.Store;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.testkit.AllowListRecorder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Struts answers on our sessions as on the container's")
class StrutsTest {

  private static final JavaSerializationCodec CODEC =
      JavaSerializationCodec.builder().allow(AllowListPreset.STRUTS).build();

  private static Map<StrutsFlows, List<String>> onTheContainer;

  @BeforeAll
  static void runOnTheContainer() {
    onTheContainer = run(Store.CONTAINER);
  }

  private static Map<StrutsFlows, List<String>> run(Store store) {
    try (Site site = Site.start(store, CODEC, Shop::register)) {
      return run(site);
    }
  }

  private static Map<StrutsFlows, List<String>> run(Site site) {
    Map<StrutsFlows, List<String>> answers = new EnumMap<>(StrutsFlows.class);
    for (StrutsFlows flow : StrutsFlows.values()) {
      answers.put(flow, flow.run(site));
    }
    return answers;
  }

  /** Of a form that is sent twice the first answer is kept in memory alone. */
  private static Map<StrutsFlows, List<String>> expectedOn(Store store) {
    Map<StrutsFlows, List<String>> expected = new EnumMap<>(onTheContainer);
    if (store.keepsBytes()) {
      List<String> answers = new ArrayList<>(expected.get(StrutsFlows.TOKEN_SESSION));
      assertThat(answers.get(2)).contains("by now 1");
      answers.set(2, "200 <p>sent twice</p>");
      expected.put(StrutsFlows.TOKEN_SESSION, answers);
    }
    return expected;
  }

  @Test
  void flows_inMemory() {
    assertThat(run(Store.MEMORY)).isEqualTo(onTheContainer);
  }

  @Tag("frameworks")
  @ParameterizedTest
  @EnumSource(names = {"COPY_ON_READ", "H2", "NEAR_CACHE"})
  void flows_onAStoreOfBytes(Store store) {
    assertThat(run(store)).isEqualTo(expectedOn(store));
  }

  @ParameterizedTest
  @EnumSource(names = {"CONTAINER", "MEMORY"})
  void execAndWait_worksInMemory(Store store) {
    try (Site site = Site.start(store, CODEC, Shop::register)) {
      Browser browser = site.browser();
      assertThat(browser.get("/repair").body()).contains("wait");
      assertThat(browser.get("/repair").body()).contains("wait");
      RepairAction.FINISH.release();
      Instant deadline = Instant.now().plus(Duration.ofSeconds(60));
      String body = browser.get("/repair").body();
      while (body.contains("wait") && Instant.now().isBefore(deadline)) {
        body = browser.get("/repair").body();
      }
      assertThat(body).contains("repaired the coat");
    }
  }

  @Test
  void execAndWait_onAStoreOfBytes_isRefusedAtOnce() {
    try (Site site = Site.start(Store.COPY_ON_READ, CODEC, Shop::register)) {
      Browser.Page page = site.browser().get("/repair");
      assertThat(page.status()).isEqualTo(500);
      assertThat(page.body()).contains("StrutsBackgroundProcess").contains("allow(");
    }
  }

  @Test
  void preset_hasWhatIsStored_andNothingElse() {
    AllowListRecorder recorder = AllowListRecorder.of(JavaSerializationCodec.builder());
    try (Site site = Site.start(Store.COPY_ON_READ, recorder, Shop::register)) {
      assertThat(run(site)).isEqualTo(expectedOn(Store.COPY_ON_READ));
    }
    assertThat(recorder.missing())
        .containsExactlyInAnyOrderElementsOf(AllowListPreset.STRUTS.classNames());
  }
}
