# cmake --install: programs and their manual pages, where people expect them.
include(GNUInstallDirs)
foreach(program redboltd redbolt-llm redbolt-device-probe redbolt-lock-reset redbolt-emulator)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    if(EXISTS ${CMAKE_SOURCE_DIR}/docs/man/${program}.1)
      install(FILES ${CMAKE_SOURCE_DIR}/docs/man/${program}.1
              DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    endif()
  endif()
endforeach()
