package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/**
 * What Spring MVC 6 and 7 put into sessions: a hash map with the target of a redirect, and a map of
 * lists. Both are read like the maps of the JDK: their keys and values must be allowed themselves.
 */
final class SpringMvcClasses {

  static final Set<String> FLASH =
      union(
          in("org.springframework.web.servlet", "FlashMap"),
          in("org.springframework.util", "LinkedMultiValueMap MultiValueMapAdapter"));

  private SpringMvcClasses() {}
}
