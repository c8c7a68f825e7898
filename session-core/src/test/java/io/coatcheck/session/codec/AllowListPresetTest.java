package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("I12: presets of the allow-list name classes one by one")
class AllowListPresetTest {

  @ParameterizedTest
  @EnumSource
  void preset_hasClassesAndNoPatterns(AllowListPreset preset) {
    assertThat(preset.classNames()).isNotEmpty();
    assertThat(preset.classNames())
        .allSatisfy(name -> assertThat(AllowPattern.parse(name).isClass()).isTrue());
  }

  @ParameterizedTest
  @EnumSource
  void preset_repeatsNothingThatIsAllowedAnyway(AllowListPreset preset) {
    assertThat(preset.classNames()).noneMatch(JdkTypes::isValueType);
  }

  @ParameterizedTest
  @EnumSource
  void preset_allowsItsClassesWithoutLoadingThem(AllowListPreset preset) {
    AllowList before = new AllowList(List.of());
    AllowList after = new AllowList(preset.classNames().stream().map(AllowPattern::parse).toList());
    assertThat(preset.classNames()).noneMatch(before::allows).allMatch(after::allows);
    assertThat(after.allows("[L" + preset.classNames().iterator().next() + ";")).isTrue();
    // Not on the class path of this module.
    JavaSerializationCodec codec = JavaSerializationCodec.builder().allow(preset).build();
    assertThat(codec.decode(codec.encode(Set.of("a")))).isEqualTo(Set.of("a"));
  }

  @ParameterizedTest
  @EnumSource
  void preset_takesNoClassAsAValueWhoseObjectsItRefuses(AllowListPreset preset) {
    assertThat(preset.classValues())
        .allMatch(name -> JdkTypes.isValueType(name) || preset.classNames().contains(name));
  }

  @Test
  void classNames_areNotChangedByCallers() {
    assertThatThrownBy(() -> AllowListPreset.SPRING_SECURITY_CSRF.classNames().add("a.B"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void allow_ofAllPresets_stillRefusesOthers() {
    JavaSerializationCodec codec =
        JavaSerializationCodec.builder().allow(AllowListPreset.values()).build();
    assertThatThrownBy(() -> codec.encode(new File("a")))
        .isInstanceOf(AttributeCodecException.class);
    record Other() implements Serializable {}
    assertThatThrownBy(() -> codec.encode(new Other()))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining("allow(\"" + Other.class.getName() + "\")");
  }

  @Test
  void refusal_namesThePresetOfTheClass() {
    assertThat(AllowList.notAllowed("org.springframework.security.web.csrf.DefaultCsrfToken"))
        .endsWith("builder().allow(AllowListPreset.SPRING_SECURITY_CSRF)");
    assertThat(AllowList.notAllowed("com.example.Cart"))
        .endsWith("builder().allow(\"com.example.Cart\")");
    assertThat(AllowList.notAllowed("java.util.concurrent.atomic.AtomicReference"))
        .as("a class of the JDK, which applications of no framework use too")
        .endsWith("builder().allow(\"java.util.concurrent.atomic.AtomicReference\")");
  }
}
