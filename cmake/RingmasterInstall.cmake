# What `cmake --install` adds to the programs that install themselves: the libraries ringmaster::worker and
# ringmaster::client with the package that `find_package(ringmaster)` finds, and the documents.
include(CMakePackageConfigHelpers)

# The project's own targets that `target` needs when it is linked, itself included.
function(ringmaster_link_closure target result)
  set(found "${target}")
  set(queue "${target}")
  while(queue)
    list(POP_FRONT queue next)
    set(libraries "")
    foreach(property IN ITEMS LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(value ${next} ${property})
      if(value)
        list(APPEND libraries ${value})
      endif()
    endforeach()
    foreach(library IN LISTS libraries)
      string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" library "${library}")
      if(library MATCHES "^ringmaster_" AND TARGET ${library} AND NOT library IN_LIST found)
        list(APPEND found ${library})
        list(APPEND queue ${library})
      endif()
    endforeach()
  endwhile()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# Static libraries are installed with the parts they are made of; a part that both need is exported once.
set(exported "")
foreach(library IN ITEMS worker client)
  if(TARGET ringmaster_${library})
    ringmaster_link_closure(ringmaster_${library} closure)
    list(APPEND exported ${closure})
    set_target_properties(ringmaster_${library} PROPERTIES EXPORT_NAME ${library})
    set_property(TARGET ringmaster_${library} APPEND PROPERTY INTERFACE_INCLUDE_DIRECTORIES
                                                              "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>"
                                                              "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ringmaster>")
  endif()
endforeach()
list(REMOVE_DUPLICATES exported)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/ringmaster")
if(exported)
  install(TARGETS ${exported} EXPORT ringmaster ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/ringmaster")
  install(EXPORT ringmaster NAMESPACE ringmaster:: FILE ringmasterTargets.cmake DESTINATION "${package_folder}")
endif()
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/ringmasterConfig.cmake.in"
                              "${PROJECT_BINARY_DIR}/ringmasterConfig.cmake" INSTALL_DESTINATION "${package_folder}")
# 0.x: a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ringmasterConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/ringmasterConfig.cmake" "${PROJECT_BINARY_DIR}/ringmasterConfigVersion.cmake"
        DESTINATION "${package_folder}")

# For pkg-config: the client as a shared library, the worker of its static parts. They find each other by where they are.
set(pkgconfig_folder "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH prefix_from_here "/prefix/${pkgconfig_folder}" "/prefix")
string(REGEX REPLACE "/$" "" prefix_from_here "${prefix_from_here}")
ringmaster_link_closure(ringmaster_worker parts)
set(worker_parts "")
foreach(part IN LISTS parts)
  get_target_property(type ${part} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    string(APPEND worker_parts "-l${part} ")
  endif()
endforeach()
string(STRIP "${worker_parts}" worker_parts)
foreach(name IN ITEMS ringmaster ringmaster-worker)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${pkgconfig_folder}")
endforeach()

install(FILES LICENSE README.md CHANGELOG.md client/cli/MANUAL.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES client/cli/ringmaster.schema.json DESTINATION "${CMAKE_INSTALL_DATADIR}/ringmaster")
install(FILES worker/README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME WORKER.md)
