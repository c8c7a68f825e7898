package io.coatcheck.examples.frameworks.shiro;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.frameworks.trial.Site;
import io.coatcheck.examples.frameworks.trial.Store;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.testkit.AllowListRecorder;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Shiro answers on our sessions as on the container's")
class ShiroTest {

  private static final JavaSerializationCodec CODEC =
      JavaSerializationCodec.builder().allow(AllowListPreset.SHIRO).build();

  private static Map<ShiroFlows, List<String>> onTheContainer;

  @BeforeAll
  static void runOnTheContainer() {
    onTheContainer = run(Store.CONTAINER, Shop::register);
  }

  private static Map<ShiroFlows, List<String>> run(Store store, Site.Application shop) {
    Map<ShiroFlows, List<String>> answers = new EnumMap<>(ShiroFlows.class);
    try (Site site = Site.start(store, CODEC, shop)) {
      for (ShiroFlows flow : ShiroFlows.values()) {
        answers.put(flow, flow.run(site));
      }
    }
    return answers;
  }

  @ParameterizedTest
  @EnumSource(names = {"MEMORY", "COPY_ON_READ"})
  void flows(Store store) {
    assertThat(run(store, Shop::register)).isEqualTo(onTheContainer);
  }

  @Tag("frameworks")
  @ParameterizedTest
  @EnumSource(names = {"H2", "NEAR_CACHE"})
  void flows_onADatabase(Store store) {
    assertThat(run(store, Shop::register)).isEqualTo(onTheContainer);
  }

  @Tag("frameworks")
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CONTAINER")
  void flows_withSessionLogin(Store store) {
    assertThat(run(store, Shop::registerWithSessionLogin)).isEqualTo(onTheContainer);
  }

  @Test
  void preset_hasWhatIsStored_andNothingElse() {
    AllowListRecorder recorder = AllowListRecorder.of(JavaSerializationCodec.builder());
    try (Site site = Site.start(Store.COPY_ON_READ, recorder, Shop::register)) {
      for (ShiroFlows flow : ShiroFlows.values()) {
        flow.run(site);
      }
    }
    assertThat(recorder.missing())
        .containsExactlyInAnyOrderElementsOf(AllowListPreset.SHIRO.classNames());
  }
}
